"""As much of ml_dtypes as benchmarks of f32 need."""
bfloat16 = "float16"
