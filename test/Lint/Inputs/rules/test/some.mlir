// (C4): fires
// (C4): not with many
// expected-remark @+1 {{an expected reason}}
