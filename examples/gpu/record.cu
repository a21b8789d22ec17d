// Runs one tensor-core instruction on operands from a file and writes what the silicon answers.
//
//     record INSTRUCTION OPERANDS RESULTS
//
// OPERANDS holds tiles, each 3 x 512 bytes and four bytes: A, 16 rows of 32 bytes; B, 8 columns of 32
// bytes and, for sparse instructions, another 256 bytes, else unused; C, 16 x 8 words; the metadata
// nibbles of a sparse A, alike everywhere in the tile. RESULTS gets 16 x 8 words a tile. A row of A and
// a column of B have k elements: 32 bytes whatever the type.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include <cuda_runtime.h>

struct Tile {
    uint32_t a[16][8];   // row, word
    uint32_t b[8][16];   // column, word; words 8 to 15 for sparse instructions
    uint32_t c[16][8];   // row, column
    uint32_t meta;
};

struct Result {
    uint32_t d[16][8];
};

// Registers of one lane. All dense m16n8 instructions with rows of 32 bytes lay them out alike.
struct Fragment {
    uint32_t a[4], b[4], c[4];
};

__device__ Fragment load(const Tile &tile) {
    const unsigned lane = threadIdx.x % 32, group = lane / 4, inner = lane % 4;
    Fragment f;
    f.a[0] = tile.a[group][inner];
    f.a[1] = tile.a[group + 8][inner];
    f.a[2] = tile.a[group][inner + 4];
    f.a[3] = tile.a[group + 8][inner + 4];
    for (int i = 0; i < 4; i++) f.b[i] = tile.b[group][inner + 4 * i];
    f.c[0] = tile.c[group][2 * inner];
    f.c[1] = tile.c[group][2 * inner + 1];
    f.c[2] = tile.c[group + 8][2 * inner];
    f.c[3] = tile.c[group + 8][2 * inner + 1];
    return f;
}

__device__ void store(Result &result, const uint32_t (&d)[4]) {
    const unsigned lane = threadIdx.x % 32, group = lane / 4, inner = lane % 4;
    result.d[group][2 * inner] = d[0];
    result.d[group][2 * inner + 1] = d[1];
    result.d[group + 8][2 * inner] = d[2];
    result.d[group + 8][2 * inner + 1] = d[3];
}

#define MMA(NAME, INSTRUCTION)                                                                   \
    struct NAME {                                                                                \
        static __device__ void run(const Tile &tile, Result &result) {                           \
            const Fragment f = load(tile);                                                       \
            uint32_t d[4];                                                                       \
            asm volatile(INSTRUCTION " {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%10,%11,%12,%13};" \
                         : "=r"(d[0]), "=r"(d[1]), "=r"(d[2]), "=r"(d[3])                        \
                         : "r"(f.a[0]), "r"(f.a[1]), "r"(f.a[2]), "r"(f.a[3]), "r"(f.b[0]),      \
                           "r"(f.b[1]), "r"(f.c[0]), "r"(f.c[1]), "r"(f.c[2]), "r"(f.c[3]));     \
            store(result, d);                                                                    \
        }                                                                                        \
    }

// 2:4 sparse: half of A is kept. All metadata nibbles are alike, so it does not matter which lanes
// the instruction takes them from.
#define MMA_SPARSE(NAME, INSTRUCTION)                                                            \
    struct NAME {                                                                                \
        static __device__ void run(const Tile &tile, Result &result) {                           \
            const Fragment f = load(tile);                                                       \
            uint32_t d[4];                                                                       \
            asm volatile(INSTRUCTION                                                             \
                         " {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9,%10,%11}, {%12,%13,%14,%15},"    \
                         " %16, 0x0;"                                                            \
                         : "=r"(d[0]), "=r"(d[1]), "=r"(d[2]), "=r"(d[3])                        \
                         : "r"(f.a[0]), "r"(f.a[1]), "r"(f.a[2]), "r"(f.a[3]), "r"(f.b[0]),      \
                           "r"(f.b[1]), "r"(f.b[2]), "r"(f.b[3]), "r"(f.c[0]), "r"(f.c[1]),      \
                           "r"(f.c[2]), "r"(f.c[3]), "r"(tile.meta * 0x11111111u));              \
            store(result, d);                                                                    \
        }                                                                                        \
    }

#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
MMA(F16, "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32");
MMA(Bf16, "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32");
MMA(Tf32, "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32");
MMA(S8, "mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32");
MMA_SPARSE(F16Sparse, "mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.f32.f16.f16.f32");
#endif
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 890
MMA(E4m3E4m3, "mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32");
MMA(E4m3E5m2, "mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e5m2.f32");
MMA(E5m2E4m3, "mma.sync.aligned.m16n8k32.row.col.f32.e5m2.e4m3.f32");
MMA(E5m2E5m2, "mma.sync.aligned.m16n8k32.row.col.f32.e5m2.e5m2.f32");
#endif

template <typename Instruction>
__global__ void per_warp(const Tile *tiles, Result *results, unsigned count) {
    const unsigned tile = (blockIdx.x * blockDim.x + threadIdx.x) / 32;
    if (tile < count) Instruction::run(tiles[tile], results[tile]);
}

// Hopper's wgmma: four warps, each with an A of its own, share the B of the first tile of four. B is
// in shared memory, 8 columns of 16 bytes side by side, first half of k before the second.
#if defined(RECORD_WGMMA)
#define WGMMA(NAME, INSTRUCTION, TRANSPOSED)                                                     \
    __global__ void NAME(const Tile *tiles, Result *results, unsigned count) {                   \
        __shared__ alignas(128) uint32_t shared[2][8][4];                                        \
        const unsigned first = 4 * blockIdx.x, mine = first + threadIdx.x / 32;                  \
        if (first + 3 >= count) return;                                                          \
        if (threadIdx.x < 64) {                                                                  \
            const unsigned half = threadIdx.x / 32, column = threadIdx.x % 32 / 4;               \
            const unsigned word = threadIdx.x % 4;                                               \
            shared[half][column][word] = tiles[first].b[column][4 * half + word];                \
        }                                                                                        \
        asm volatile("fence.proxy.async;" ::: "memory");                                         \
        __syncthreads();                                                                         \
        const Fragment f = load(tiles[mine]);                                                    \
        const uint64_t address = __cvta_generic_to_shared(&shared[0][0][0]);                     \
        /* Start, and both distances between 128-byte core matrices, in units of 16 bytes. */    \
        const uint64_t descriptor =                                                              \
            ((address & 0x3ffff) >> 4) | (uint64_t(128 >> 4) << 16) | (uint64_t(128 >> 4) << 32);\
        uint32_t d[4] = {f.c[0], f.c[1], f.c[2], f.c[3]};                                        \
        asm volatile("wgmma.fence.sync.aligned;" ::: "memory");                                  \
        asm volatile(INSTRUCTION " {%0,%1,%2,%3}, {%4,%5,%6,%7}, %8, 1, 1, 1" TRANSPOSED ";"     \
                     : "+r"(d[0]), "+r"(d[1]), "+r"(d[2]), "+r"(d[3])                            \
                     : "r"(f.a[0]), "r"(f.a[1]), "r"(f.a[2]), "r"(f.a[3]), "l"(descriptor));     \
        asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");                           \
        asm volatile("wgmma.wait_group.sync.aligned 0;" ::: "memory");                           \
        store(results[mine], d);                                                                 \
    }

WGMMA(wgmma_f16, "wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16", ", 0")
WGMMA(wgmma_bf16, "wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16", ", 0")
WGMMA(wgmma_tf32, "wgmma.mma_async.sync.aligned.m64n8k8.f32.tf32.tf32", "")
WGMMA(wgmma_e4m3_e4m3, "wgmma.mma_async.sync.aligned.m64n8k32.f32.e4m3.e4m3", "")
WGMMA(wgmma_e4m3_e5m2, "wgmma.mma_async.sync.aligned.m64n8k32.f32.e4m3.e5m2", "")
WGMMA(wgmma_e5m2_e4m3, "wgmma.mma_async.sync.aligned.m64n8k32.f32.e5m2.e4m3", "")
WGMMA(wgmma_e5m2_e5m2, "wgmma.mma_async.sync.aligned.m64n8k32.f32.e5m2.e5m2", "")
#endif

struct Choice {
    const char *name;
    void (*kernel)(const Tile *, Result *, unsigned);
    unsigned warps;  // that work together, each on a tile
};

static const Choice choices[] = {
#if RECORD_ARCH >= 800
    {"mma-f16", per_warp<F16>, 1},
    {"mma-bf16", per_warp<Bf16>, 1},
    {"mma-tf32", per_warp<Tf32>, 1},
    {"mma-s8", per_warp<S8>, 1},
    {"mma-sp-f16", per_warp<F16Sparse>, 1},
#endif
#if RECORD_ARCH >= 890
    {"mma-e4m3-e4m3", per_warp<E4m3E4m3>, 1},
    {"mma-e4m3-e5m2", per_warp<E4m3E5m2>, 1},
    {"mma-e5m2-e4m3", per_warp<E5m2E4m3>, 1},
    {"mma-e5m2-e5m2", per_warp<E5m2E5m2>, 1},
#endif
#if defined(RECORD_WGMMA)
    {"wgmma-f16", wgmma_f16, 4},
    {"wgmma-bf16", wgmma_bf16, 4},
    {"wgmma-tf32", wgmma_tf32, 4},
    {"wgmma-e4m3-e4m3", wgmma_e4m3_e4m3, 4},
    {"wgmma-e4m3-e5m2", wgmma_e4m3_e5m2, 4},
    {"wgmma-e5m2-e4m3", wgmma_e5m2_e4m3, 4},
    {"wgmma-e5m2-e5m2", wgmma_e5m2_e5m2, 4},
#endif
};

static void check(cudaError_t error, const char *what) {
    if (error == cudaSuccess) return;
    fprintf(stderr, "record: %s: %s\n", what, cudaGetErrorString(error));
    exit(3);
}

static const Choice *find(const char *name) {
    for (const Choice &choice : choices)
        if (!strcmp(choice.name, name)) return &choice;
    fprintf(stderr, "record: %s: not compiled in; there are", name);
    for (const Choice &choice : choices) fprintf(stderr, " %s", choice.name);
    fprintf(stderr, "\n");
    exit(2);
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: record INSTRUCTION OPERANDS RESULTS\n");
        return 2;
    }
    const Choice *choice = find(argv[1]);
    FILE *input = fopen(argv[2], "rb");
    if (!input) return perror(argv[2]), 2;
    std::vector<Tile> tiles;
    for (Tile tile; fread(&tile, sizeof tile, 1, input) == 1;) tiles.push_back(tile);
    fclose(input);
    if (tiles.empty() || tiles.size() % choice->warps) {
        fprintf(stderr, "record: %s: %zu tiles, not a multiple of %u\n", argv[2], tiles.size(),
                choice->warps);
        return 2;
    }

    Tile *device_tiles;
    Result *device_results;
    const size_t count = tiles.size();
    check(cudaMalloc(&device_tiles, count * sizeof(Tile)), "memory for operands");
    check(cudaMalloc(&device_results, count * sizeof(Result)), "memory for results");
    check(cudaMemcpy(device_tiles, tiles.data(), count * sizeof(Tile), cudaMemcpyHostToDevice),
          "copying operands");
    choice->kernel<<<unsigned(count / choice->warps), 32 * choice->warps>>>(
        device_tiles, device_results, unsigned(count));
    check(cudaGetLastError(), "starting");
    check(cudaDeviceSynchronize(), "running");
    std::vector<Result> results(count);
    check(cudaMemcpy(results.data(), device_results, count * sizeof(Result),
                     cudaMemcpyDeviceToHost),
          "copying results");

    FILE *output = fopen(argv[3], "wb");
    if (!output || fwrite(results.data(), sizeof(Result), count, output) != count ||
        fclose(output))
        return perror(argv[3]), 2;
    cudaDeviceProp device;
    check(cudaGetDeviceProperties(&device, 0), "asking for the name of the device");
    printf("%s\n", device.name);
    return 0;
}
