/* The page at "/": what this is, that it works, and how to say the first thing. Self-contained; the
 * policy header forbids it to load anything, should a mistake ever put a reference into it. */

#include "api/handlers.h"

/* Between the parts stands the address that the reader came by; it has no character that HTML
 * minds. */
static const char head[] =
    "<!doctype html>\n"
    "<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<title>Guildhall</title>\n"
    "<style>\n"
    "body{font:16px/1.6 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem;"
    "color:#222;background:#fafaf7}\n"
    "h1{margin-bottom:0}code,pre{font:14px/1.5 ui-monospace,monospace;background:#eeece4;"
    "border-radius:4px}\n"
    "code{padding:.1em .3em}pre{padding:1rem;overflow-x:auto}\n"
    "@media(prefers-color-scheme:dark){body{color:#ddd;background:#1b1b1f}"
    "code,pre{background:#2a2a30}}\n"
    "</style></head><body>\n"
    "<h1>Guildhall</h1>\n"
    "<p>A chat server of your own. It is running, and it speaks the Discord HTTP API v10 and "
    "Gateway v10: bots and libraries made for those work here once they are pointed at this "
    "address.</p>\n"
    "<h2>Say the first thing</h2>\n"
    "<p>Make an account, a guild, and send a message to its first channel:</p>\n"
    "<pre>BASE=";
static const char middle[] =
    "/api/v10   # this server\n"
    "\n"
    "curl -s $BASE/auth/register -H 'Content-Type: application/json' \\\n"
    "  -d '{\"username\":\"ada\",\"password\":\"correct horse\"}'\n"
    "TOKEN=...        # \"token\" of the answer\n"
    "\n"
    "curl -s $BASE/guilds -H \"Authorization: $TOKEN\" \\\n"
    "  -H 'Content-Type: application/json' -d '{\"name\":\"My guild\"}'\n"
    "CHANNEL=...      # \"system_channel_id\" of the answer\n"
    "\n"
    "curl -s $BASE/channels/$CHANNEL/messages -H \"Authorization: $TOKEN\" \\\n"
    "  -H 'Content-Type: application/json' -d '{\"content\":\"Hello, hall!\"}'</pre>\n"
    "<h2>Bring a bot</h2>\n"
    "<p>Make an application with <code>POST /applications</code>, its token with "
    "<code>POST /applications/{id}/bot</code>, and add it to your guild with "
    "<code>POST /oauth2/authorize?client_id={id}&amp;scope=bot</code>. With discord.js:</p>\n"
    "<pre>new Client({ intents, rest: { api: '";
static const char tail[] = "/api' } })</pre>\n"
                           "</body></html>\n";

enum err route_home_page(struct request *r)
{
    struct buf *out = reply_body(r, SLICE("text/html; charset=utf-8"));
    buf_append(out, head, sizeof head - 1);
    request_write_url(r, out, false);
    buf_append(out, middle, sizeof middle - 1);
    request_write_url(r, out, false);
    buf_append(out, tail, sizeof tail - 1);
    buf_append_cstr(&r->x->head,
                    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; "
                    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
                    "X-Content-Type-Options: nosniff\r\n"
                    "Referrer-Policy: no-referrer\r\n");
    return ERR_OK;
}
