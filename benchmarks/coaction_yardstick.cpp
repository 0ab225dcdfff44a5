// How fast co-action can be on this machine: the same edges as birdfall.kernels.coaction, in C++ with OpenMP.
// Order acts by radix per partition of objects, walk the windows once, put pairs into buckets through cache-line buffers,
// sort each bucket by radix, count runs. No pruning, no memory bound: a yardstick, not a tool.
//   g++ -O3 -march=native -fopenmp coaction_yardstick.cpp -o yardstick
//   yardstick FILE WINDOW AT_LEAST pairs|objects REPETITIONS
// FILE: int64 n, int32 account[n], int32 object[n], int64 time[n] (any unit; WINDOW in the same).
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <omp.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <vector>
using u64 = uint64_t;
using u32 = uint32_t;

static double wall() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}
static double cpu() {
    rusage r;
    getrusage(RUSAGE_SELF, &r);
    return r.ru_utime.tv_sec + r.ru_stime.tv_sec + 1e-6 * (r.ru_utime.tv_usec + r.ru_stime.tv_usec);
}
static int bits(u64 v) { return v ? 64 - __builtin_clzll(v) : 0; }
static u64 spread(u64 k) { return k * 0x9E3779B97F4A7C15ull; }
static void* large(size_t bytes) {
    size_t page = 2u << 20;
    bytes = (bytes + page - 1) / page * page + page;
    void* p = aligned_alloc(page, bytes);
    madvise(p, bytes, MADV_HUGEPAGE);
    return p;
}

// least significant digit first, on bits [low, high)
static void radix(u64* a, size_t n, int low, int high, std::vector<u64>& spare) {
    if (n < 64) { std::sort(a, a + n); return; }
    if (spare.size() < n) spare.resize(n);
    u64 *from = a, *to = spare.data();
    u32 count[2049];
    for (int s = low; s < high; s += 11) {
        int width = std::min(11, high - s);
        u64 mask = (1ull << width) - 1;
        memset(count, 0, sizeof count);
        for (size_t i = 0; i < n; i++) count[((from[i] >> s) & mask) + 1]++;
        for (u64 i = 0; i < mask; i++) count[i + 1] += count[i];
        for (size_t i = 0; i < n; i++) to[count[(from[i] >> s) & mask]++] = from[i];
        std::swap(from, to);
    }
    if (from != a) memcpy(a, from, n * 8);
}

struct Counter {  // open addressing, emptied after each bucket
    std::vector<u64> key;
    std::vector<u32> n;
    u64 mask = 0;
    void room(size_t keys) {
        size_t want = 16;
        while (want < keys * 3 / 2) want <<= 1;
        if (key.size() != want) { key.assign(want, 0); n.assign(want, 0); }
        mask = want - 1;
    }
};

int main(int argc, char** argv) {
    if (argc < 6) return 2;
    FILE* f = fopen(argv[1], "rb");
    int64_t n = 0;
    if (!f || fread(&n, 8, 1, f) != 1) return 1;
    std::vector<int32_t> account(n), object(n);
    std::vector<int64_t> time(n);
    if (fread(account.data(), 4, n, f) != (size_t)n || fread(object.data(), 4, n, f) != (size_t)n ||
        fread(time.data(), 8, n, f) != (size_t)n) return 1;
    u64 window = strtoull(argv[2], 0, 10), least = strtoull(argv[3], 0, 10);
    bool distinct = !strcmp(argv[4], "objects");
    int threads = omp_get_max_threads();
    for (int repetition = 0; repetition < atoi(argv[5]); repetition++) {
        double w0 = wall(), c0 = cpu();
        int64_t first = INT64_MAX, last = INT64_MIN;
        u32 a_most = 0, o_most = 0;
        #pragma omp parallel for reduction(min : first) reduction(max : last, a_most, o_most)
        for (int64_t i = 0; i < n; i++) {
            first = std::min(first, time[i]); last = std::max(last, time[i]);
            a_most = std::max(a_most, (u32)account[i]); o_most = std::max(o_most, (u32)object[i]);
        }
        int tb = bits(last - first + window), ab = bits(a_most), ob = bits(o_most);
        int pb = std::min(ob, std::max(ob + tb + ab - 64, std::min(11, bits(n >> 16)))), lb = ob - pb;
        u64 parts = 1ull << pb, o_mask = (1ull << ob) - 1, l_mask = (1ull << lb) - 1, a_mask = (1ull << ab) - 1;
        std::vector<u64> place(threads * parts, 0), start(parts + 1);
        u64* acts = (u64*)large(n * 8);
        #pragma omp parallel
        {
            int t = omp_get_thread_num();
            u64* h = &place[t * parts];
            for (int64_t i = n * t / threads; i < n * (t + 1) / threads; i++) h[((u64)(u32)object[i] * 0x9E3779B1u & o_mask) >> lb]++;
        }
        u64 sum = 0;
        for (u64 p = 0; p < parts; p++) {
            start[p] = sum;
            for (int t = 0; t < threads; t++) { u64 c = place[t * parts + p]; place[t * parts + p] = sum; sum += c; }
        }
        start[parts] = sum;
        #pragma omp parallel
        {
            int t = omp_get_thread_num();
            u64* h = &place[t * parts];
            for (int64_t i = n * t / threads; i < n * (t + 1) / threads; i++) {
                u64 x = (u64)(u32)object[i] * 0x9E3779B1u & o_mask;
                acts[h[x >> lb]++] = (x & l_mask) << (tb + ab) | (u64)(time[i] - first) << ab | (u32)account[i];
            }
        }
        std::vector<u64> upper(parts, 0);
        u64 total = 0;
        #pragma omp parallel reduction(+ : total)
        {
            std::vector<u64> spare;
            #pragma omp for schedule(dynamic, 8)
            for (u64 p = 0; p < parts; p++) {
                radix(acts + start[p], start[p + 1] - start[p], ab, ab + tb + lb, spare);
                u64 low = start[p], c = 0;
                for (u64 i = start[p]; i < start[p + 1]; i++) {
                    u64 k = acts[i] >> ab;
                    while ((acts[low] >> (ab + tb)) != (k >> tb) || (acts[low] >> ab) + window < k) low++;
                    c += i - low;
                }
                upper[p] = c; total += c;
            }
        }
        int bb = std::min(13, std::max(1, bits(total >> 16)));
        u64 buckets = 1ull << bb;
        // per thread and bucket: chunks of 512 keys
        const u64 chunk = 512;
        std::vector<u64*> pool(threads);
        std::vector<std::vector<std::vector<u32>>> chain(threads, std::vector<std::vector<u32>>(buckets));
        std::vector<std::vector<u32>> left(threads, std::vector<u32>(buckets, 0));
        std::vector<u64> cut(threads + 1, parts);
        { u64 seen = 0; int t = 1; cut[0] = 0;
          for (u64 p = 0; p < parts && t < threads; p++) { seen += upper[p]; if (seen >= total * t / threads) cut[t++] = p + 1; } }
        #pragma omp parallel num_threads(threads)
        {
            int t = omp_get_thread_num();
            u64 mine = 0;
            for (u64 p = cut[t]; p < cut[t + 1]; p++) mine += upper[p];
            u64* keys = pool[t] = (u64*)large((mine + buckets * chunk + chunk) * 8);
            u32 used = 0;
            u64* line = (u64*)aligned_alloc(64, buckets * 64);
            std::vector<unsigned char> filled(buckets, 0);
            auto flush = [&](u64 q) {
                u32 at = left[t][q];
                if (at % chunk == 0) { chain[t][q].push_back(used++); at = 0; }
                memcpy(keys + chain[t][q].back() * chunk + at, line + q * 8, filled[q] * 8);
                left[t][q] = at + filled[q]; filled[q] = 0;
            };
            auto put = [&](u64 x, u64 y) {
                u64 key = x < y ? x << 32 | y : y << 32 | x, q = spread(key) >> (64 - bb);
                line[q * 8 + filled[q]++] = key;
                if (filled[q] == 8) flush(q);
            };
            std::vector<u64> own, spare;
            for (u64 p = cut[t]; p < cut[t + 1]; p++) {
                u64 i = start[p], end = start[p + 1];
                while (i < end) {
                    u64 o = acts[i] >> (ab + tb), low = i, e = i;
                    own.clear();
                    for (; e < end && (acts[e] >> (ab + tb)) == o; e++) {
                        u64 k = acts[e] >> ab, x = acts[e] & a_mask;
                        while ((acts[low] >> ab) + window < k) low++;
                        for (u64 s = low; s < e; s++) {
                            u64 y = acts[s] & a_mask;
                            if (x == y) continue;
                            if (distinct) own.push_back(x < y ? x << 32 | y : y << 32 | x); else put(x, y);
                        }
                    }
                    if (distinct && !own.empty()) {
                        radix(own.data(), own.size(), 0, 32 + ab, spare);
                        u64 before = ~0ull;
                        for (u64 key : own) if (key != before) { put(key >> 32, key & 0xffffffff); before = key; }
                    }
                    i = e;
                }
            }
            for (u64 q = 0; q < buckets; q++) if (filled[q]) flush(q);
            free(line);
        }
        u64 edges = 0, weights = 0, check = 0, emitted = 0;
        #pragma omp parallel reduction(+ : edges, weights, check, emitted)
        {
            Counter table;
            #pragma omp for schedule(dynamic, 4)
            for (u64 q = 0; q < buckets; q++) {
                u64 keys = 0;
                for (int t = 0; t < threads; t++) keys += chain[t][q].size() * chunk;
                if (!keys) continue;
                table.room(keys);
                int shift = std::max(0, 64 - bb - bits(table.mask));
                for (int t = 0; t < threads; t++) for (size_t c = 0; c < chain[t][q].size(); c++) {
                    u64 m = c + 1 < chain[t][q].size() ? chunk : (left[t][q] ? left[t][q] : chunk);
                    u64* run = pool[t] + chain[t][q][c] * chunk;
                    emitted += m;
                    for (u64 i = 0; i < m; i++) {
                        u64 h = spread(run[i]) >> shift & table.mask;
                        while (table.n[h] && table.key[h] != run[i]) h = (h + 1) & table.mask;
                        table.key[h] = run[i]; table.n[h]++;
                    }
                }
                for (u64 h = 0; h <= table.mask; h++) {
                    if (table.n[h] >= least) { edges++; weights += table.n[h]; check += spread(table.key[h]) * table.n[h]; }
                    table.n[h] = 0;
                }
            }
        }
        for (int t = 0; t < threads; t++) free(pool[t]);
        free(acts);
        rusage r; getrusage(RUSAGE_SELF, &r);
        printf("{\"wall\": %.3f, \"cpu\": %.3f, \"edges\": %lu, \"weights\": %lu, \"check\": \"0x%lx\", \"emitted\": %lu, \"memory\": %ld}\n",
               wall() - w0, cpu() - c0, edges, weights, check, emitted, r.ru_maxrss * 1024L);
    }
}
