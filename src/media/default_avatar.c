/* A head and shoulders in two colours. */

#include "media/default_avatar.h"

#include <assert.h>
#include <string.h>

#include "media/picture.h"

enum { SIDE = 256, HEAD_Y = 104, HEAD_RADIUS = 46, BODY_Y = 262, BODY_RADIUS = 98 };

static const unsigned char grounds[DEFAULT_AVATARS][3] = {
    {0x5B, 0x6E, 0xE1}, {0x6B, 0x72, 0x80}, {0x2F, 0x9E, 0x6E},
    {0xD0, 0x8A, 0x2A}, {0xC8, 0x4B, 0x4B}, {0xB2, 0x5A, 0xA8},
};

static bool inside(int x, int y, int center_y, int radius)
{
    int dx = 2 * x + 1 - SIDE; /* in half pixels */
    int dy = 2 * (y - center_y);
    return dx * dx + dy * dy < 4 * radius * radius;
}

static void draw(struct picture *p)
{
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            if (inside(x, y, HEAD_Y, HEAD_RADIUS) || inside(x, y, BODY_Y, BODY_RADIUS))
                picture_ink(p, (unsigned)x, (unsigned)y);
}

void default_avatar_write(unsigned index, struct buf *out)
{
    struct picture p = {.width = SIDE, .height = SIDE, .ink = {0xF2, 0xF3, 0xF5}};
    assert(index < DEFAULT_AVATARS);
    memcpy(p.ground, grounds[index], sizeof p.ground);
    if (!picture_init(&p)) {
        out->failed = true;
        return;
    }
    draw(&p);
    picture_write(&p, out);
    picture_deinit(&p);
}
