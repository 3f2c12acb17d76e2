// TODO: later
// TODO(#12): with an issue
// FIXME(me): whose?
// see /home/somebody/notes and /usr/include
// a relative path: build/work/x, and one in a URL: https://example.org/work/x
