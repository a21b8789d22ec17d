// Stands in for LZ4's header, so that waveforms can be written with nothing but a C++ compiler:
// packs a block as literals only, which every LZ4 decoder reads.

#ifndef SLIPSTICK_FST_LZ4_H
#define SLIPSTICK_FST_LZ4_H

#include <cstring>

// An LZ4 block of n literals: 15 in the high half of the token says that the count goes on in
// bytes of 255 and one below; then come the literals, and nothing else.
inline int LZ4_compressBound(int size) { return size + size / 255 + 16; }

inline int LZ4_compress_default(const char *source, char *destination, int size, int capacity) {
    if (capacity < LZ4_compressBound(size)) return 0;
    char *to = destination;
    if (size < 15) {
        *to++ = static_cast<char>(size << 4);
    } else {
        *to++ = static_cast<char>(15 << 4);
        int rest = size - 15;
        for (; rest >= 255; rest -= 255) *to++ = static_cast<char>(255);
        *to++ = static_cast<char>(rest);
    }
    std::memcpy(to, source, size);
    return static_cast<int>(to + size - destination);
}

#endif
