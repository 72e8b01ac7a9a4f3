#pragma once

/* The query string of a search (OpenAPI, guild_search), where most names may come several times. */

#include "api/request.h"
#include "core/search.h"

/* Everything in the request's arena. INVALID_FORM with errors that name the parameters. */
MUST_CHECK enum err search_query_read(struct request *r, struct search_ask *out);
