/* Places of rows, for work that nobody has asked for: the end of a poll, taking reactions back. */

#include "core/place.h"
#include "store/channels.h"
#include "store/dms.h"
#include "store/guild_removal.h"

static enum err find_in_guild(struct tx *tx, const struct channel *ch, struct place *out,
                              bool *there)
{
    bool found = false;
    bool deleting = false;
    enum err e = guild_removal_state(tx_sql(tx), ch->guild, &found, &deleting);
    *there = e == ERR_OK && found && !deleting;
    *out = (struct place){.channel = ch->id, .type = ch->type, .guild = ch->guild};
    return e;
}

static enum err find_direct(struct tx *tx, struct channel_id channel, struct arena *arena,
                            struct dm_channel *dm, struct place *out, bool *there)
{
    enum err e = dms_find(tx_sql(tx), channel, arena, dm);
    *there = e == ERR_OK;
    *out = (struct place){.channel = channel, .type = dm->type, .dm = dm};
    return e == ERR_UNKNOWN_CHANNEL ? ERR_OK : e;
}

enum err place_find(struct tx *tx, struct channel_id channel, struct arena *arena,
                    struct dm_channel *dm, struct place *out, bool *there)
{
    struct channel ch;
    *there = false;
    *dm = (struct dm_channel){0};
    enum err e = channels_find(tx_sql(tx), channel, arena, &ch);
    if (e == ERR_UNKNOWN_CHANNEL)
        return find_direct(tx, channel, arena, dm, out, there);
    return e == ERR_OK ? find_in_guild(tx, &ch, out, there) : e;
}
