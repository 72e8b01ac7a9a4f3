#pragma once

/* Audit log entries between store and proto. */

#include "proto/audit.h"
#include "store/audit.h"

/* Borrows the texts. */
struct audit_entry audit_entry_of(const struct audit_row *r);
