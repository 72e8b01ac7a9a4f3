/* The badge. It has letters of its own, five by seven pixels: as few as it needs. */

#include "api/widget_image.h"

#include <stdio.h>
#include <string.h>

#include "media/picture.h"

enum { GLYPH_WIDTH = 5, GLYPH_HEIGHT = 7, ADVANCE = 6, MARGIN = 6, TEXT_MAX = 32 };

/* A row of pixels a byte, the leftmost in bit 4. */
static const struct {
    char letter;
    unsigned char rows[GLYPH_HEIGHT];
} glyphs[] = {
    {'0', {0x0E, 0x11, 0x13, 0x15, 0x19, 0x11, 0x0E}},
    {'1', {0x04, 0x0C, 0x04, 0x04, 0x04, 0x04, 0x0E}},
    {'2', {0x0E, 0x11, 0x01, 0x02, 0x04, 0x08, 0x1F}},
    {'3', {0x1F, 0x02, 0x04, 0x02, 0x01, 0x11, 0x0E}},
    {'4', {0x02, 0x06, 0x0A, 0x12, 0x1F, 0x02, 0x02}},
    {'5', {0x1F, 0x10, 0x1E, 0x01, 0x01, 0x11, 0x0E}},
    {'6', {0x06, 0x08, 0x10, 0x1E, 0x11, 0x11, 0x0E}},
    {'7', {0x1F, 0x01, 0x02, 0x04, 0x08, 0x08, 0x08}},
    {'8', {0x0E, 0x11, 0x11, 0x0E, 0x11, 0x11, 0x0E}},
    {'9', {0x0E, 0x11, 0x11, 0x0F, 0x01, 0x02, 0x0C}},
    {'M', {0x11, 0x1B, 0x15, 0x15, 0x11, 0x11, 0x11}},
    {'E', {0x1F, 0x10, 0x10, 0x1E, 0x10, 0x10, 0x1F}},
    {'B', {0x1E, 0x11, 0x11, 0x1E, 0x11, 0x11, 0x1E}},
    {'R', {0x1E, 0x11, 0x11, 0x1E, 0x14, 0x12, 0x11}},
    {'S', {0x0F, 0x10, 0x10, 0x0E, 0x01, 0x01, 0x1E}},
};

static const unsigned char *glyph_of(char letter)
{
    for (size_t i = 0; i < sizeof glyphs / sizeof *glyphs; i++)
        if (glyphs[i].letter == letter)
            return glyphs[i].rows;
    return NULL; /* a space */
}

static void dot(struct picture *p, unsigned x, unsigned y, unsigned scale)
{
    for (unsigned i = 0; i < scale * scale; i++)
        picture_ink(p, x * scale + i % scale, y * scale + i / scale);
}

static void draw_letter(struct picture *p, char letter, unsigned left, unsigned scale)
{
    const unsigned char *rows = glyph_of(letter);
    for (unsigned y = 0; rows != NULL && y < GLYPH_HEIGHT; y++)
        for (unsigned x = 0; x < GLYPH_WIDTH; x++)
            if (rows[y] & (0x10 >> x))
                dot(p, left + x, MARGIN + y, scale);
}

bool widget_image_write(uint64_t members, unsigned scale, struct buf *out)
{
    char text[TEXT_MAX];
    int len = snprintf(text, sizeof text, "%llu MEMBER%s", (unsigned long long)members,
                       members == 1 ? "" : "S");
    struct picture p = {.width = scale * (2 * MARGIN + (unsigned)len * ADVANCE - 1),
                        .height = scale * (2 * MARGIN + GLYPH_HEIGHT),
                        .ground = {0x2F, 0x31, 0x36},
                        .ink = {0xFF, 0xFF, 0xFF}};
    if (!picture_init(&p))
        return false;
    for (int i = 0; i < len; i++)
        draw_letter(&p, text[i], MARGIN + (unsigned)i * ADVANCE, scale);
    picture_write(&p, out);
    picture_deinit(&p);
    return true;
}
