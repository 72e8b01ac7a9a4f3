#pragma once

/* How the kinds of files (sniff_file.c) are looked at (sniff_file_*.c). */

#include "base/slice.h"
#include "media/sniff_file.h"

enum { SNIFF_HEAD_BYTES = 16 * 1024, SNIFF_READS_MAX = 96 };

struct sniff_reader {
    const struct sniff_source *src;
    unsigned reads; /* at most SNIFF_READS_MAX */
    enum err failed;
    struct slice head; /* the first bytes of the file */
};

/* All of len bytes from offset on; false: the file ends before, too much was asked, or r->failed.
 */
bool sniff_fetch(struct sniff_reader *r, uint64_t offset, void *into, size_t len);

/* Into out->width and so on; nothing if the file does not say, or is damaged. */
void sniff_file_png(struct sniff_reader *r, struct sniffed_file *out);
void sniff_file_gif(struct sniff_reader *r, struct sniffed_file *out);
void sniff_file_jpeg(struct sniff_reader *r, struct sniffed_file *out);
void sniff_file_webp(struct sniff_reader *r, struct sniffed_file *out);
void sniff_file_bmp(struct sniff_reader *r, struct sniffed_file *out);
/* Boxes of ISO 14496-12: also decides between film, sound and picture by the brand. */
void sniff_file_boxes(struct sniff_reader *r, struct sniffed_file *out);
/* EBML (RFC 8794): also decides between WebM and Matroska. */
void sniff_file_ebml(struct sniff_reader *r, struct sniffed_file *out);
/* Ogg: film or sound. */
void sniff_file_ogg(struct sniff_reader *r, struct sniffed_file *out);
