// The system's zlib, with those of its calls that are macros, which Swift does not see.
#ifndef ROOST_ZLIB_H
#define ROOST_ZLIB_H

#include <zlib.h>

/// deflateInit2 for data without any wrapper (RFC 1951).
static inline int roost_deflate_init(z_streamp stream, int level, int window_bits, int memory_level) {
    return deflateInit2(stream, level, Z_DEFLATED, -window_bits, memory_level, Z_DEFAULT_STRATEGY);
}

/// inflateInit2 for data without any wrapper (RFC 1951).
static inline int roost_inflate_init(z_streamp stream, int window_bits) {
    return inflateInit2(stream, -window_bits);
}

#endif
