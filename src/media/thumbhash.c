/* Four channels of at most 7 × 7 frequencies each; the sums over all pixels are what takes time,
 * 100 × 100 pixels at most, so nothing here is clever. */

#include "media/thumbhash.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { PIXELS_MAX = THUMBHASH_SIDE_MAX * THUMBHASH_SIDE_MAX, FREQUENCIES = 7, TERMS_MAX = 28 };

#define THUMBHASH_PI 3.14159265358979323846
#define NOISE 1e-9

/* L: brightness, P: yellow against blue, Q: red against green, A: opacity. */
enum channel { L, P, Q, A, CHANNELS };

struct spectrum {
    double mean;
    double scale; /* of the largest term */
    double terms[TERMS_MAX];
    size_t count;
};

struct picture {
    unsigned width, height;
    double planes[CHANNELS][PIXELS_MAX];
    bool opaque;
};

static unsigned rounded(double v)
{
    return (unsigned)floor(v + 0.5);
}

/* ---- pixels ---- */

struct mean {
    double r, g, b, a;
};

static struct mean mean_of(const unsigned char *rgba, size_t count)
{
    struct mean m = {0, 0, 0, 0};
    for (size_t i = 0; i < count; i++, rgba += 4) {
        double alpha = rgba[3] / 255.0;
        m.r += alpha / 255.0 * rgba[0];
        m.g += alpha / 255.0 * rgba[1];
        m.b += alpha / 255.0 * rgba[2];
        m.a += alpha;
    }
    if (m.a > 0) {
        m.r /= m.a;
        m.g /= m.a;
        m.b /= m.a;
    }
    return m;
}

/* What is transparent shows the average colour, so that it does not disturb the frequencies. */
static void split(struct picture *p, const unsigned char *rgba)
{
    size_t count = (size_t)p->width * p->height;
    struct mean m = mean_of(rgba, count);
    p->opaque = m.a >= (double)count - 1e-6;
    for (size_t i = 0; i < count; i++, rgba += 4) {
        double alpha = rgba[3] / 255.0;
        double r = m.r * (1 - alpha) + alpha / 255.0 * rgba[0];
        double g = m.g * (1 - alpha) + alpha / 255.0 * rgba[1];
        double b = m.b * (1 - alpha) + alpha / 255.0 * rgba[2];
        p->planes[L][i] = ((r + g + b) / 3);
        p->planes[P][i] = ((r + g) / 2 - b);
        p->planes[Q][i] = (r - g);
        p->planes[A][i] = alpha;
    }
}

/* ---- frequencies ---- */

static void cosines(double *out, unsigned side, unsigned frequency)
{
    for (unsigned i = 0; i < side; i++)
        out[i] = cos(THUMBHASH_PI / side * frequency * (i + 0.5));
}

static double term(const struct picture *p, enum channel c, const double *fx, unsigned cy)
{
    double fy[THUMBHASH_SIDE_MAX];
    double sum = 0;
    cosines(fy, p->height, cy);
    for (unsigned y = 0; y < p->height; y++)
        for (unsigned x = 0; x < p->width; x++)
            sum += p->planes[c][x + y * p->width] * fx[x] * fy[y];
    return sum / ((double)p->width * p->height);
}

/* The triangle of low frequencies, nx across and ny down; each term from 0 to 1, 0.5 being none. */
static void transform(const struct picture *p, enum channel c, unsigned nx, unsigned ny,
                      struct spectrum *out)
{
    double fx[THUMBHASH_SIDE_MAX];
    *out = (struct spectrum){.scale = 0};
    for (unsigned cy = 0; cy < ny; cy++) {
        for (unsigned cx = 0; cx * ny < nx * (ny - cy); cx++) {
            cosines(fx, p->width, cx);
            double f = term(p, c, fx, cy);
            if (cx == 0 && cy == 0) {
                out->mean = f;
                continue;
            }
            out->terms[out->count++] = f;
            out->scale = fmax(out->scale, fabs(f));
        }
    }
    /* Of an even plane nothing is left but the noise of rounding, which would be blown up. */
    bool even = out->scale < NOISE;
    for (size_t i = 0; i < out->count; i++)
        out->terms[i] = even ? 0 : 0.5 + 0.5 / out->scale * out->terms[i];
}

/* ---- bytes ---- */

static unsigned frequencies(unsigned limit, unsigned side, unsigned longest)
{
    unsigned n = rounded((double)limit * side / longest);
    return n < 1 ? 1 : n;
}

static size_t write_head(const struct picture *p, const struct spectrum *s, unsigned lx,
                         unsigned ly, unsigned char *out)
{
    bool landscape = p->width > p->height;
    unsigned head = rounded(63 * s[L].mean) | rounded(31.5 + 31.5 * s[P].mean) << 6 |
                    rounded(31.5 + 31.5 * s[Q].mean) << 12 | rounded(31 * s[L].scale) << 18 |
                    (p->opaque ? 0U : 1U) << 23;
    unsigned shape = (landscape ? ly : lx) | rounded(63 * s[P].scale) << 3 |
                     rounded(63 * s[Q].scale) << 9 | (landscape ? 1U : 0U) << 15;
    out[0] = (unsigned char)head;
    out[1] = (unsigned char)(head >> 8);
    out[2] = (unsigned char)(head >> 16);
    out[3] = (unsigned char)shape;
    out[4] = (unsigned char)(shape >> 8);
    if (p->opaque)
        return 5;
    out[5] = (unsigned char)(rounded(15 * s[A].mean) | rounded(15 * s[A].scale) << 4);
    return 6;
}

static size_t write_terms(const struct spectrum *s, size_t channels, unsigned char *out)
{
    size_t nibbles = 0;
    for (size_t c = 0; c < channels; c++) {
        for (size_t i = 0; i < s[c].count; i++, nibbles++) {
            unsigned v = rounded(15 * s[c].terms[i]) & 15;
            out[nibbles / 2] = (unsigned char)(out[nibbles / 2] | v << (nibbles % 2 * 4));
        }
    }
    return (nibbles + 1) / 2;
}

size_t thumbhash_encode(const unsigned char *rgba, unsigned width, unsigned height,
                        unsigned char out[THUMBHASH_BYTES_MAX])
{
    struct picture p;
    struct spectrum s[CHANNELS];
    assert(width >= 1 && width <= THUMBHASH_SIDE_MAX && height >= 1 &&
           height <= THUMBHASH_SIDE_MAX);
    p.width = width;
    p.height = height;
    split(&p, rgba);
    unsigned limit = p.opaque ? FREQUENCIES : 5; /* fewer, to make room for the opacity */
    unsigned longest = width > height ? width : height;
    unsigned lx = frequencies(limit, width, longest);
    unsigned ly = frequencies(limit, height, longest);
    transform(&p, L, lx < 3 ? 3 : lx, ly < 3 ? 3 : ly, &s[L]);
    transform(&p, P, 3, 3, &s[P]);
    transform(&p, Q, 3, 3, &s[Q]);
    if (!p.opaque)
        transform(&p, A, 5, 5, &s[A]);
    memset(out, 0, THUMBHASH_BYTES_MAX);
    size_t len = write_head(&p, s, lx, ly, out);
    return len + write_terms(s, p.opaque ? A : CHANNELS, out + len);
}
