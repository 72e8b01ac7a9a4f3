#pragma once

/*
 * ids(packed) on SQLite: a table of one column `value`, the ids that store/id_list.h has packed
 * into the parameter, so that one statement asks for many rows: WHERE id IN (SELECT value FROM
 * ids($1)). On PostgreSQL a migration makes a function of the same name. Every connection that runs
 * statements of the program has it.
 */

#include <sqlite3.h>

#include "base/attrs.h"

/* An SQLite result code. */
MUST_CHECK int sqlite_ids_register(sqlite3 *db);
