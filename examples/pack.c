/* Compress a file by mixing the predictions of several contexts, bit by bit (after Mahoney's lpaq).
 *
 *     cc -O2 -o pack examples/pack.c -lm
 *     plaintune run "lowest bits_per_byte, 30 trials" -- ./pack examples/churn.csv
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAXIMUM 6 /* contexts */

static double mixer_rate = 0.002; /* how fast the weights learn */
static double first_weight = 0.3;
static int count_limit = 30;      /* a counter adapts by 1 / count, at most so slowly */
static int orders = 3;            /* contexts of 1 to so many bytes */
static int table_bits = 16;
static int word_context = 0;

static void usage(const char *name) {
    printf("usage: %s [OPTIONS] FILE\n\nOptions:\n"
           "  --mixer-rate X    learning rate of the mixer (default: %g)\n"
           "  --first-weight X  weight of each context at the start (default: %g)\n"
           "  --count-limit N   how slowly counters may adapt, 2 to 1000 (default: %d)\n"
           "  --orders N        contexts of 1 to N bytes, 1 to 5 (default: %d)\n"
           "  --table-bits N    size of the tables, 10 to 22 (default: %d)\n"
           "  --word-context    mix in a context of the column since the last comma\n"
           "  --verbose         print the size too\n",
           name, mixer_rate, first_weight, count_limit, orders, table_bits);
}

typedef struct { float p; int n; } counter;

static double stretch(double p) { return log(p / (1 - p)); }
static double squash(double x) { return 1 / (1 + exp(-x)); }

static double number(int argc, char **argv, int *i) {
    if (*i + 1 >= argc) { fprintf(stderr, "%s needs a value\n", argv[*i]); exit(2); }
    return atof(argv[++*i]);
}

int main(int argc, char **argv) {
    const char *path = NULL;
    int verbose = 0;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--help")) { usage(argv[0]); return 0; }
        else if (!strcmp(argv[i], "--mixer-rate")) mixer_rate = number(argc, argv, &i);
        else if (!strcmp(argv[i], "--first-weight")) first_weight = number(argc, argv, &i);
        else if (!strcmp(argv[i], "--count-limit")) count_limit = (int)number(argc, argv, &i);
        else if (!strcmp(argv[i], "--orders")) orders = (int)number(argc, argv, &i);
        else if (!strcmp(argv[i], "--table-bits")) table_bits = (int)number(argc, argv, &i);
        else if (!strcmp(argv[i], "--word-context")) word_context = 1;
        else if (!strcmp(argv[i], "--verbose")) verbose = 1;
        else path = argv[i];
    }
    if (!path || orders < 1 || orders > 5 || table_bits < 10 || table_bits > 22) {
        usage(argv[0]);
        return 2;
    }
    FILE *file = fopen(path, "rb");
    if (!file) { perror(path); return 1; }
    size_t size = (size_t)1 << table_bits, mask = size - 1;
    int used = orders + (word_context ? 1 : 0);
    counter *tables[MAXIMUM];
    double weights[MAXIMUM];
    for (int t = 0; t < used; t++) {
        tables[t] = malloc(size * sizeof(counter));
        for (size_t k = 0; k < size; k++) tables[t][k] = (counter){0.5f, 0};
        weights[t] = first_weight;
    }
    uint64_t history = 0, word = 0;
    double bits = 0;
    long bytes = 0;
    for (int c; (c = fgetc(file)) != EOF; bytes++) {
        uint32_t node = 1;
        for (int bit = 7; bit >= 0; bit--) {
            counter *seen[MAXIMUM];
            double inputs[MAXIMUM], sum = 0;
            for (int t = 0; t < used; t++) {
                uint64_t context =
                    t < orders ? history & (((uint64_t)1 << 8 * (t + 1)) - 1) : word;
                uint64_t hash = (context * 0x9E3779B97F4A7C15u + node) * 0xD1B54A32D192ED03u;
                seen[t] = &tables[t][(hash >> 20) & mask];
                inputs[t] = stretch(seen[t]->p);
                sum += weights[t] * inputs[t];
            }
            int y = c >> bit & 1;
            double p = squash(sum);
            p = p < 1.0 / 4096 ? 1.0 / 4096 : p > 4095.0 / 4096 ? 4095.0 / 4096 : p;
            bits -= log2(y ? p : 1 - p); /* what an arithmetic coder writes */
            for (int t = 0; t < used; t++) {
                weights[t] += mixer_rate * (y - p) * inputs[t];
                if (seen[t]->n < count_limit) seen[t]->n++;
                float next = seen[t]->p + (y - seen[t]->p) / (seen[t]->n + 1.5f);
                seen[t]->p = next < 0.0005f ? 0.0005f : next > 0.9995f ? 0.9995f : next;
            }
            node = node << 1 | (uint32_t)y;
        }
        history = history << 8 | (uint64_t)c;
        word = c == ',' || c == '\n' ? (word >> 56) + 0x100 : word * 0x2F0B4C47u + (uint64_t)c + 1;
    }
    fclose(file);
    if (verbose) printf("%ld bytes become %.0f\n", bytes, bits / 8);
    printf("bits_per_byte=%.5f\n", bits / bytes);
    return 0;
}
