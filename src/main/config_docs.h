#pragma once

/*
 * The configuration table as texts: everything that people read about options is written from the
 * rows, so that it cannot disagree with what is accepted. Main thread; errors of the stream show in
 * ferror(out).
 */

#include <stdio.h>

#include "main/config_set.h"

/* Options with their defaults, for --help. */
void config_docs_help(struct config_table table, FILE *out);
/* A guildhall.conf with every option, commented out, at its default. */
void config_docs_sample(struct config_table table, FILE *out);
/* docs/CONFIG.md. */
void config_docs_page(struct config_table table, FILE *out);
/* The values in force, each with its source behind it; secrets masked. Itself a configuration file.
 */
void config_docs_print(const struct config_set *set, FILE *out);
