-- compatible: 4
-- Messages and media: everything a message can be, direct messages, relations, read state, search.
-- An expanding step.

-- Many ids as one parameter: WHERE id IN (SELECT value FROM ids($1)), $1 as store/id_list.h packs them.
-- SQLite has it as a table-valued function of the program (store/sqlite_ids.c).
CREATE FUNCTION ids(packed BYTEA) RETURNS TABLE (value BIGINT) LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 50 AS
    $$ SELECT ('x' || encode(substring(packed FROM i * 8 + 1 FOR 8), 'hex'))::bit(64)::bigint
       FROM generate_series(0, length(packed) / 8 - 1) AS i $$;

-- components, stickers, snapshots, poll: JSON as the API shows it (of a poll: what does not change).
-- reference_type: 0 reply, 1 forward; reference_channel_id, reference_guild_id: NULL for the message's own.
-- parts: which of the tables below have rows of it (enum message_part).
ALTER TABLE messages ADD COLUMN components TEXT COLLATE "C";
ALTER TABLE messages ADD COLUMN stickers TEXT COLLATE "C";
ALTER TABLE messages ADD COLUMN snapshots TEXT COLLATE "C";
ALTER TABLE messages ADD COLUMN poll TEXT COLLATE "C";
ALTER TABLE messages ADD COLUMN reference_type INTEGER NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN reference_channel_id BIGINT;
ALTER TABLE messages ADD COLUMN reference_guild_id BIGINT;
ALTER TABLE messages ADD COLUMN parts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN pinned_at_ms BIGINT NOT NULL DEFAULT 0;
CREATE INDEX messages_pinned ON messages (channel_id, pinned_at_ms) WHERE pinned_at_ms <> 0;

ALTER TABLE channels ADD COLUMN last_pin_at_ms BIGINT NOT NULL DEFAULT 0;

-- When somebody last wrote in a channel with slow mode.
CREATE TABLE slow_mode_posts (
    channel_id BIGINT NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    user_id BIGINT NOT NULL,
    posted_at_ms BIGINT NOT NULL,
    PRIMARY KEY (channel_id, user_id)
);
CREATE INDEX slow_mode_posts_user ON slow_mode_posts (user_id);

-- Files of messages. The keys of this and the next tables begin as those of messages, so that all of a page
-- or a channel is one walk. hash: of a blob; the reference (kind 13, owner id) is in blob_references.
-- width 0: no picture; duration_ms -1: none.
CREATE TABLE attachments (
    channel_id BIGINT NOT NULL,
    message_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    guild_id BIGINT NOT NULL,
    uploader_id BIGINT NOT NULL,
    size BIGINT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    flags BIGINT NOT NULL,
    duration_ms BIGINT NOT NULL,
    hash TEXT COLLATE "C" NOT NULL,
    filename TEXT COLLATE "C" NOT NULL,
    content_type TEXT COLLATE "C",
    title TEXT COLLATE "C",
    description TEXT COLLATE "C",
    waveform TEXT COLLATE "C",
    placeholder TEXT COLLATE "C",
    PRIMARY KEY (channel_id, message_id, id)
);
CREATE UNIQUE INDEX attachments_id ON attachments (id);
-- What media_usage counts, to be counted again (doctor).
CREATE INDEX attachments_uploader ON attachments (uploader_id, size);
CREATE INDEX attachments_guild ON attachments (guild_id, size);

-- Files sent ahead of their message (POST /channels/{id}/attachments). token: in upload_url and
-- upload_filename. hash NULL: the bytes have not come yet.
CREATE TABLE uploads (
    id BIGINT NOT NULL PRIMARY KEY,
    channel_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    declared_size BIGINT NOT NULL,
    size BIGINT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    expires_at_ms BIGINT NOT NULL,
    token TEXT COLLATE "C" NOT NULL,
    filename TEXT COLLATE "C" NOT NULL,
    hash TEXT COLLATE "C",
    content_type TEXT COLLATE "C",
    placeholder TEXT COLLATE "C"
);
CREATE UNIQUE INDEX uploads_token ON uploads (token);
CREATE INDEX uploads_user ON uploads (user_id);
CREATE INDEX uploads_expiry ON uploads (expires_at_ms);

-- Bytes of attachments that somebody (kind 1) or a guild (kind 2) has stored.
CREATE TABLE media_usage (
    kind INTEGER NOT NULL,
    id BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    PRIMARY KEY (kind, id)
);

-- emoji_id 0: emoji is the Unicode text; else emoji is ''. type: 0 normal, 1 burst.
CREATE TABLE reactions (
    channel_id BIGINT NOT NULL,
    message_id BIGINT NOT NULL,
    emoji_id BIGINT NOT NULL,
    emoji TEXT COLLATE "C" NOT NULL,
    type SMALLINT NOT NULL,
    user_id BIGINT NOT NULL,
    PRIMARY KEY (channel_id, message_id, emoji_id, emoji, type, user_id)
);
CREATE INDEX reactions_user ON reactions (user_id, channel_id, message_id);
-- ordinal: kinds of reactions are shown in the order in which they first came.
CREATE TABLE reaction_counts (
    channel_id BIGINT NOT NULL,
    message_id BIGINT NOT NULL,
    emoji_id BIGINT NOT NULL,
    emoji TEXT COLLATE "C" NOT NULL,
    ordinal BIGINT NOT NULL,
    normal BIGINT NOT NULL,
    burst BIGINT NOT NULL,
    animated SMALLINT NOT NULL,
    name TEXT COLLATE "C",
    PRIMARY KEY (channel_id, message_id, emoji_id, emoji)
);

CREATE TABLE polls (
    channel_id BIGINT NOT NULL,
    message_id BIGINT NOT NULL,
    guild_id BIGINT NOT NULL,
    author_id BIGINT NOT NULL,
    expires_at_ms BIGINT NOT NULL,
    finalized SMALLINT NOT NULL,
    multiselect SMALLINT NOT NULL,
    answers INTEGER NOT NULL,
    PRIMARY KEY (channel_id, message_id)
);
CREATE INDEX polls_due ON polls (expires_at_ms) WHERE finalized = 0;
CREATE TABLE poll_counts (
    channel_id BIGINT NOT NULL,
    message_id BIGINT NOT NULL,
    answer_id INTEGER NOT NULL,
    votes BIGINT NOT NULL,
    PRIMARY KEY (channel_id, message_id, answer_id)
);
CREATE TABLE poll_votes (
    channel_id BIGINT NOT NULL,
    message_id BIGINT NOT NULL,
    answer_id INTEGER NOT NULL,
    user_id BIGINT NOT NULL,
    PRIMARY KEY (channel_id, message_id, answer_id, user_id)
);
CREATE INDEX poll_votes_user ON poll_votes (user_id, channel_id, message_id);

-- Who is mentioned where: read state counts what lies above the last message that somebody has read.
CREATE TABLE user_mentions (
    channel_id BIGINT NOT NULL,
    message_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    guild_id BIGINT NOT NULL,
    PRIMARY KEY (channel_id, message_id, user_id)
);
CREATE INDEX user_mentions_user ON user_mentions (user_id, channel_id, message_id);
CREATE INDEX user_mentions_newest ON user_mentions (user_id, message_id);
-- role_id = guild_id: everyone.
CREATE TABLE role_mentions (
    channel_id BIGINT NOT NULL,
    message_id BIGINT NOT NULL,
    role_id BIGINT NOT NULL,
    author_id BIGINT NOT NULL,
    PRIMARY KEY (channel_id, message_id, role_id)
);
CREATE INDEX role_mentions_role ON role_mentions (role_id, message_id);

-- Direct messages. type: 1 of two people, 3 of a group.
CREATE TABLE dm_channels (
    id BIGINT NOT NULL PRIMARY KEY,
    type INTEGER NOT NULL,
    owner_id BIGINT,
    last_message_id BIGINT NOT NULL,
    last_pin_at_ms BIGINT NOT NULL,
    name TEXT COLLATE "C",
    icon TEXT COLLATE "C"
);
CREATE TABLE dm_pairs (
    low_id BIGINT NOT NULL,
    high_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL REFERENCES dm_channels (id) ON DELETE CASCADE,
    PRIMARY KEY (low_id, high_id)
);
CREATE INDEX dm_pairs_high ON dm_pairs (high_id);
CREATE INDEX dm_pairs_channel ON dm_pairs (channel_id);
-- open: it is in the user's list.
CREATE TABLE dm_recipients (
    channel_id BIGINT NOT NULL REFERENCES dm_channels (id) ON DELETE CASCADE,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    open SMALLINT NOT NULL,
    added_at_ms BIGINT NOT NULL,
    nick TEXT COLLATE "C",
    PRIMARY KEY (channel_id, user_id)
);
CREATE INDEX dm_recipients_user ON dm_recipients (user_id, open, channel_id);

-- What user_id is to other_id: 0 nothing (but ignored), 1 friend, 2 blocks, 3 was asked, 4 has asked.
CREATE TABLE relationships (
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    other_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    type INTEGER NOT NULL,
    ignored SMALLINT NOT NULL,
    since_ms BIGINT NOT NULL,
    nickname TEXT COLLATE "C",
    PRIMARY KEY (user_id, other_id)
);
CREATE INDEX relationships_other ON relationships (other_id, user_id);
CREATE TABLE user_notes (
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    about_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    note TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (user_id, about_id)
);
CREATE INDEX user_notes_about ON user_notes (about_id);

-- Profile and privacy. dm_guilds, dm_strangers: who may write to them (model/entities.h, enum dm_policy).
ALTER TABLE users ADD COLUMN avatar TEXT COLLATE "C";
ALTER TABLE users ADD COLUMN banner TEXT COLLATE "C";
ALTER TABLE users ADD COLUMN accent_color INTEGER;
ALTER TABLE users ADD COLUMN bio TEXT COLLATE "C";
ALTER TABLE users ADD COLUMN pronouns TEXT COLLATE "C";
CREATE TABLE user_settings (
    user_id BIGINT NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    guilds_restricted SMALLINT NOT NULL,
    strangers_allowed SMALLINT NOT NULL,
    friend_sources INTEGER NOT NULL,
    document TEXT COLLATE "C" NOT NULL
);
-- Guilds whose members may not write to the user (restricted 1) or may although the default says no (0).
CREATE TABLE user_guild_privacy (
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    guild_id BIGINT NOT NULL REFERENCES guilds (id) ON DELETE CASCADE,
    restricted SMALLINT NOT NULL,
    PRIMARY KEY (user_id, guild_id)
);
CREATE INDEX user_guild_privacy_guild ON user_guild_privacy (guild_id);

-- What somebody has read. read_state_type: 0 channel (entity_id: the channel), 1 guild events,
-- 2 notification centre, 3 guild home, 4 onboarding, 5 message requests. guild_id 0: none.
CREATE TABLE read_states (
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    read_state_type INTEGER NOT NULL,
    entity_id BIGINT NOT NULL,
    guild_id BIGINT NOT NULL,
    last_acked_id BIGINT NOT NULL,
    last_pin_acked_ms BIGINT NOT NULL,
    last_viewed INTEGER NOT NULL,
    flags INTEGER NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (user_id, read_state_type, entity_id)
);
CREATE INDEX read_states_entity ON read_states (entity_id);
-- Notification settings; guild_id 0: of direct messages. document: JSON as the API shows it.
CREATE TABLE user_guild_settings (
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    guild_id BIGINT NOT NULL,
    version BIGINT NOT NULL,
    document TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (user_id, guild_id)
);
CREATE INDEX user_guild_settings_guild ON user_guild_settings (guild_id);

-- How long messages are kept; channel_id 0: in all channels of the guild that have no row of their own.
CREATE TABLE message_retention (
    guild_id BIGINT NOT NULL REFERENCES guilds (id) ON DELETE CASCADE,
    channel_id BIGINT NOT NULL,
    keep_s BIGINT NOT NULL,
    PRIMARY KEY (guild_id, channel_id)
);
CREATE INDEX message_retention_channel ON message_retention (channel_id) WHERE channel_id <> 0;

-- What messages are found by: folded words (base/words.h), and terms that no text can contain (proto/message_words.h),
-- with a space between any two. id: of the message; length: how many of them are words.
CREATE TABLE search_documents (
    id BIGINT NOT NULL PRIMARY KEY,
    channel_id BIGINT NOT NULL,
    length BIGINT NOT NULL,
    words TEXT COLLATE "C" NOT NULL
);
-- The index over the words, which are folded already.
CREATE INDEX search_words ON search_documents USING gin (array_to_tsvector(string_to_array(words, ' ')));
-- Messages of before are indexed in steps, while the server serves (core/search_rebuild.c): kind 20.
INSERT INTO tasks (id, kind, subject_id, step, cursor_a, cursor_b, done_rows, created_at_ms, updated_at_ms)
    SELECT 1, 20, 0, 0, 0, 0, 0, 0, 0 WHERE EXISTS (SELECT 1 FROM messages);
