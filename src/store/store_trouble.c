/* What an operator is told while writes are refused. */

#include "store/store.h"

const char *store_trouble_text(enum err trouble)
{
    switch (trouble) {
    case ERR_OK:
        return NULL;
    case ERR_STORE_FULL:
        return "the disk is full";
    case ERR_STORE_IO:
        return "the disk fails";
    case ERR_STORE_READONLY:
        return "the disk is read-only";
    case ERR_STORE_AWAY:
        return "the database cannot be reached";
    case ERR_STORE_LOCKED:
        return "another server uses the database with the same worker id";
    case ERR_STORE_FROZEN:
        return "the installation is being moved";
    case ERR_STOPPING:
        return "the server is stopping";
    default:
        return "the database fails";
    }
}
