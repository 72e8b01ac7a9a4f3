/* Attachments without their message or their file, and bytes that are counted wrongly. */

#include "store/checkup_priv.h"

static struct sql_stmt *page_of_attachments(struct sql_conn *c)
{
    return sql_query(c, "SELECT a.id, 0, " MISSING(
                            "SELECT id FROM messages WHERE channel_id = a.channel_id AND id = "
                            "a.message_id") " FROM attachments a WHERE a.id > $1 ORDER BY a.id "
                                            "LIMIT $2");
}

/* Kinds 13 and 14: store/attachments.h. */
static struct sql_stmt *page_of_files(struct sql_conn *c)
{
    return sql_query(c,
                     "SELECT a.id, 0, " MISSING(
                         "SELECT hash FROM blob_references WHERE kind = 13 AND owner_id = a.id "
                         "LIMIT 1") " FROM attachments a WHERE a.id > $1 ORDER BY a.id LIMIT $2");
}

static struct sql_stmt *page_of_uploads(struct sql_conn *c)
{
    return sql_query(c, "SELECT u.id, 0, " MISSING_IF(
                            "u.hash IS NOT NULL",
                            "SELECT hash FROM blob_references WHERE kind = 14 AND owner_id = u.id "
                            "LIMIT 1") " FROM uploads u WHERE u.id > $1 ORDER BY u.id LIMIT $2");
}

/* Of whom so many files are counted again; of who has more it would take too long. */
#define COUNTED "5000"
#define SUM_OF(column)                                                                             \
    "(SELECT CASE WHEN COUNT(*) = " COUNTED                                                        \
    " THEN u.bytes ELSE COALESCE(SUM(s.size), 0) END FROM "                                        \
    "(SELECT size FROM attachments WHERE " column " = u.id LIMIT " COUNTED ") s)"

static struct sql_stmt *next_user(struct sql_conn *c)
{
    return sql_query(c, "SELECT u.id, 0, CASE WHEN u.bytes <> " SUM_OF(
                            "uploader_id") " THEN 1 ELSE 0 END FROM media_usage u WHERE u.kind = 1 "
                                           "AND u.id > $1 ORDER BY u.id LIMIT 1");
}

static struct sql_stmt *next_guild(struct sql_conn *c)
{
    return sql_query(c, "SELECT u.id, 0, CASE WHEN u.bytes <> " SUM_OF(
                            "guild_id") " THEN 1 ELSE 0 END FROM media_usage u WHERE u.kind = 2 "
                                        "AND u.id > $1 ORDER BY u.id LIMIT 1");
}

const struct walk checkup_file_walks[CHECKUP_FILE_WALKS] = {
    {"an attachment of a message that is not there", 1, true, page_of_attachments},
    {"an attachment without its file", 1, true, page_of_files},
    {"an upload without its file", 1, true, page_of_uploads},
    {"bytes of attachments counted wrongly, of user", 1, false, next_user},
    {"bytes of attachments counted wrongly, of guild", 1, false, next_guild},
};
