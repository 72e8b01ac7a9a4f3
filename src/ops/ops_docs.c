/* A committed output; nothing here may depend on the machine or on the moment. */

#include "ops/ops_docs.h"
#include "ops/ops.h"

static const char *place_text(enum ops_place place)
{
    switch (place) {
    case OPS_PLACE_STORE:
    case OPS_PLACE_MIGRATE:
        return "server running or stopped";
    case OPS_PLACE_OFFLINE:
        return "server stopped";
    case OPS_PLACE_SERVER:
        return "server running";
    case OPS_PLACE_FILE:
        break;
    }
    return "anywhere";
}

/* A bar would end the cell. */
static void append_cell(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '|')
            buf_putc(out, '\\');
        buf_putc(out, *text);
    }
}

void ops_docs_write(struct buf *out)
{
    buf_append_cstr(out, "| command | when | what it does |\n|---|---|---|\n");
    for (size_t i = 0; i < ops_command_count; i++) {
        const struct ops_command *c = &ops_commands[i];
        buf_printf(out, "| `guildhall %s%s%s%s", c->word, c->second != NULL ? " " : "",
                   c->second != NULL ? c->second : "", c->usage[0] != '\0' ? " " : "");
        append_cell(out, c->usage);
        buf_printf(out, "` | %s | ", place_text(c->place));
        append_cell(out, c->help);
        buf_append_cstr(out, " |\n");
    }
}
