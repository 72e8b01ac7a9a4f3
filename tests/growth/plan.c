#include "plans.h"

#include <stdio.h>
#include <string.h>

void plan_add(struct plan *p, const char *what, const char *table)
{
    char word[PLAN_WORD_MAX];
    snprintf(word, sizeof word, "%s%s%s", what, table[0] != '\0' ? " " : "", table);
    for (size_t i = 0; i < p->count; i++)
        if (strcmp(p->findings[i], word) == 0)
            return;
    if (p->count < PLAN_FINDINGS_MAX)
        memcpy(p->findings[p->count++], word, sizeof word);
}
