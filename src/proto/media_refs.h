#pragma once

/*
 * Embeds and components name files of their message as attachment://<file name>, and are stored so:
 * addresses of files are signed for a time, so they are made when a message is written out.
 *
 * The text is the store's, written by proto/embeds.c and proto/component_write.c, which is what
 * makes it safe to look for addresses in it without parsing it: a quotation mark that is not
 * escaped never stands inside a string, so `url":"attachment://` is always a key and its value.
 */

#include "model/entities.h"
#include "wire/json_write.h"

/* Writes the value `json` with the addresses of `list` in it, and what else is known of the files.
 * Names of files that are not there stay. */
void media_refs_write(struct json_writer *w, struct slice json, const struct attachment *list,
                      size_t count);
/* Whether `json` (data NULL: no) shows the file of that name: clients then do not show it once more
 * among the attachments. */
bool media_refs_shows(struct slice json, struct slice filename);
