-- compatible: 3
-- Communities: what channels, roles, members and guilds have beyond the minimum, moderation, the
-- audit log, expressions, scheduled events, templates. An expanding step.

-- Hashes name blobs (see blobs). features: bits of model/features.def.
ALTER TABLE guilds ADD COLUMN icon TEXT;
ALTER TABLE guilds ADD COLUMN banner TEXT;
ALTER TABLE guilds ADD COLUMN splash TEXT;
ALTER TABLE guilds ADD COLUMN discovery_splash TEXT;
ALTER TABLE guilds ADD COLUMN home_header TEXT;
ALTER TABLE guilds ADD COLUMN features BIGINT NOT NULL DEFAULT 0;
ALTER TABLE guilds ADD COLUMN system_channel_flags INTEGER NOT NULL DEFAULT 0;
ALTER TABLE guilds ADD COLUMN rules_channel_id BIGINT;
ALTER TABLE guilds ADD COLUMN public_updates_channel_id BIGINT;
ALTER TABLE guilds ADD COLUMN safety_alerts_channel_id BIGINT;
ALTER TABLE guilds ADD COLUMN widget_enabled SMALLINT NOT NULL DEFAULT 0;
ALTER TABLE guilds ADD COLUMN widget_channel_id BIGINT;
ALTER TABLE guilds ADD COLUMN nsfw_level INTEGER NOT NULL DEFAULT 0;
ALTER TABLE guilds ADD COLUMN premium_progress_bar_enabled SMALLINT NOT NULL DEFAULT 0;
ALTER TABLE guilds ADD COLUMN vanity_code TEXT;
ALTER TABLE guilds ADD COLUMN vanity_uses BIGINT NOT NULL DEFAULT 0;
ALTER TABLE guilds ADD COLUMN invites_disabled_until_ms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE guilds ADD COLUMN dms_disabled_until_ms BIGINT NOT NULL DEFAULT 0;
-- 0 by invite, 1 open, 2 on request; only what is listed in the directory can be joined without invite.
ALTER TABLE guilds ADD COLUMN join_policy INTEGER NOT NULL DEFAULT 0;
-- Position of the last event about the guild's AutoMod rules; 0: it has none.
ALTER TABLE guilds ADD COLUMN automod_position BIGINT NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX guilds_vanity ON guilds (vanity_code) WHERE vanity_code IS NOT NULL;
-- The directory: guilds with the feature DISCOVERABLE (bit 1), by size.
CREATE INDEX guilds_directory ON guilds (tenant_id, member_count, id) WHERE features & 2 <> 0;

ALTER TABLE channels ADD COLUMN flags BIGINT NOT NULL DEFAULT 0;
ALTER TABLE channels ADD COLUMN rtc_region TEXT;
ALTER TABLE channels ADD COLUMN video_quality_mode INTEGER NOT NULL DEFAULT 1;
-- minutes; 0: the guild's default (a day).
ALTER TABLE channels ADD COLUMN default_auto_archive_duration INTEGER NOT NULL DEFAULT 0;
ALTER TABLE channels ADD COLUMN default_thread_rate_limit_per_user INTEGER NOT NULL DEFAULT 0;
-- -1: none chosen.
ALTER TABLE channels ADD COLUMN default_sort_order INTEGER NOT NULL DEFAULT -1;
ALTER TABLE channels ADD COLUMN default_forum_layout INTEGER NOT NULL DEFAULT 0;
ALTER TABLE channels ADD COLUMN default_reaction_emoji_id BIGINT;
ALTER TABLE channels ADD COLUMN default_reaction_emoji_name TEXT;
ALTER TABLE channels ADD COLUMN voice_status TEXT;

CREATE TABLE forum_tags (
    channel_id BIGINT NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    id BIGINT NOT NULL,
    position INTEGER NOT NULL,
    moderated SMALLINT NOT NULL,
    emoji_id BIGINT,
    name TEXT NOT NULL,
    emoji_name TEXT,
    PRIMARY KEY (channel_id, id)
) WITHOUT ROWID;

-- deleting: the role is gone for everybody; its rows in member_roles go in steps.
ALTER TABLE roles ADD COLUMN deleting SMALLINT NOT NULL DEFAULT 0;
ALTER TABLE roles ADD COLUMN secondary_color INTEGER;
ALTER TABLE roles ADD COLUMN tertiary_color INTEGER;
ALTER TABLE roles ADD COLUMN icon TEXT;
ALTER TABLE roles ADD COLUMN unicode_emoji TEXT;
ALTER TABLE roles ADD COLUMN flags BIGINT NOT NULL DEFAULT 0;

-- standing: the position in the guild's stream of the last event that changed what the member may do
-- (joining, roles, time-out, screening), so that a closure sees that its authorisation is out of date.
ALTER TABLE members ADD COLUMN standing BIGINT NOT NULL DEFAULT 0;
ALTER TABLE members ADD COLUMN flags BIGINT NOT NULL DEFAULT 0;
ALTER TABLE members ADD COLUMN pending SMALLINT NOT NULL DEFAULT 0;
-- 1: joined by an invite for a visit; removed when their last session ends, unless they get a role.
ALTER TABLE members ADD COLUMN temporary SMALLINT NOT NULL DEFAULT 0;
ALTER TABLE members ADD COLUMN avatar TEXT;
ALTER TABLE members ADD COLUMN banner TEXT;
CREATE INDEX members_joined ON members (guild_id, joined_at_ms);
CREATE INDEX members_pending ON members (guild_id, user_id) WHERE pending <> 0;

-- When somebody was last seen (a session, a message), to the day; 0: not since this column exists.
ALTER TABLE users ADD COLUMN seen_at_ms BIGINT NOT NULL DEFAULT 0;

-- What a member is found by: user name, display name and nick, folded (ASCII letters to lower case).
CREATE TABLE member_names (
    guild_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    user_id BIGINT NOT NULL,
    PRIMARY KEY (guild_id, name, user_id),
    FOREIGN KEY (guild_id, user_id) REFERENCES members (guild_id, user_id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX member_names_member ON member_names (guild_id, user_id);
INSERT INTO member_names (guild_id, name, user_id)
    SELECT m.guild_id, u.username, m.user_id FROM members m JOIN users u ON u.id = m.user_id
    UNION SELECT m.guild_id, lower(u.global_name), m.user_id FROM members m JOIN users u ON u.id = m.user_id WHERE u.global_name IS NOT NULL
    UNION SELECT guild_id, lower(nick), user_id FROM members WHERE nick IS NOT NULL;

CREATE TABLE bans (
    guild_id BIGINT NOT NULL REFERENCES guilds (id) ON DELETE CASCADE,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    banned_by BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    reason TEXT,
    PRIMARY KEY (guild_id, user_id)
) WITHOUT ROWID;
CREATE INDEX bans_user ON bans (user_id);

-- Time-outs of people who left before the end: they come back with them.
CREATE TABLE kept_timeouts (
    guild_id BIGINT NOT NULL REFERENCES guilds (id) ON DELETE CASCADE,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    until_ms BIGINT NOT NULL,
    PRIMARY KEY (guild_id, user_id)
) WITHOUT ROWID;
CREATE INDEX kept_timeouts_user ON kept_timeouts (user_id);
CREATE INDEX kept_timeouts_until ON kept_timeouts (guild_id, until_ms);

-- Secrets of this installation, made when first needed.
CREATE TABLE secrets (
    name TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;

-- Where people were seen when they joined a guild, as keyed hashes; and whom a guild turned away.
CREATE TABLE user_addresses (
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    address_hash BLOB NOT NULL,
    seen_at_ms BIGINT NOT NULL,
    PRIMARY KEY (user_id, address_hash)
) WITHOUT ROWID;
CREATE TABLE address_bans (
    guild_id BIGINT NOT NULL REFERENCES guilds (id) ON DELETE CASCADE,
    address_hash BLOB NOT NULL,
    user_id BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    PRIMARY KEY (guild_id, address_hash)
) WITHOUT ROWID;
CREATE INDEX address_bans_user ON address_bans (guild_id, user_id);

-- What a task of moderation is about (its subject is the id): whose messages since when are to be
-- deleted, or which members who were not seen since then are to be pruned. ids: of the users, or of the
-- roles that do not protect from pruning; 8 bytes each, big-endian.
CREATE TABLE moderation_jobs (
    id BIGINT NOT NULL PRIMARY KEY,
    guild_id BIGINT NOT NULL REFERENCES guilds (id) ON DELETE CASCADE,
    actor_id BIGINT NOT NULL,
    since_ms BIGINT NOT NULL,
    days INTEGER NOT NULL,
    ids BLOB,
    reason TEXT
) WITHOUT ROWID;
CREATE INDEX moderation_jobs_guild ON moderation_jobs (guild_id);

-- options and changes are JSON as the API shows them.
CREATE TABLE audit_entries (
    guild_id BIGINT NOT NULL REFERENCES guilds (id) ON DELETE CASCADE,
    id BIGINT NOT NULL,
    user_id BIGINT,
    target_id BIGINT,
    action INTEGER NOT NULL,
    options TEXT,
    changes TEXT,
    reason TEXT,
    PRIMARY KEY (guild_id, id)
) WITHOUT ROWID;
CREATE INDEX audit_entries_user ON audit_entries (guild_id, user_id, id);
CREATE INDEX audit_entries_action ON audit_entries (guild_id, action, id);
CREATE INDEX audit_entries_target ON audit_entries (guild_id, target_id, id);
CREATE INDEX audit_entries_age ON audit_entries (id);

-- Files below media/, by content: hash is 64 hex digits of SHA-256. A blob nobody refers to goes.
-- review_ms: when it may have lost its last reference; 0: it has one; -1: it is being removed.
CREATE TABLE blobs (
    hash TEXT NOT NULL PRIMARY KEY,
    size BIGINT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    created_at_ms BIGINT NOT NULL,
    review_ms BIGINT NOT NULL,
    content_type TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX blobs_review ON blobs (review_ms) WHERE review_ms <> 0;
CREATE TABLE blob_references (
    hash TEXT NOT NULL REFERENCES blobs (hash),
    kind INTEGER NOT NULL,
    owner_id BIGINT NOT NULL,
    guild_id BIGINT NOT NULL,
    PRIMARY KEY (hash, kind, owner_id, guild_id)
) WITHOUT ROWID;
CREATE INDEX blob_references_owner ON blob_references (kind, owner_id, guild_id);
CREATE INDEX blob_references_guild ON blob_references (guild_id);

-- roles: ids of 8 bytes, big-endian, ascending; NULL: everybody.
CREATE TABLE emojis (
    id BIGINT NOT NULL PRIMARY KEY,
    guild_id BIGINT NOT NULL REFERENCES guilds (id) ON DELETE CASCADE,
    creator_id BIGINT NOT NULL,
    animated SMALLINT NOT NULL,
    available SMALLINT NOT NULL,
    name TEXT NOT NULL,
    hash TEXT NOT NULL,
    roles BLOB
) WITHOUT ROWID;
CREATE INDEX emojis_guild ON emojis (guild_id, id);

CREATE TABLE stickers (
    id BIGINT NOT NULL PRIMARY KEY,
    guild_id BIGINT NOT NULL REFERENCES guilds (id) ON DELETE CASCADE,
    creator_id BIGINT NOT NULL,
    format INTEGER NOT NULL,
    available SMALLINT NOT NULL,
    name TEXT NOT NULL,
    tags TEXT NOT NULL,
    hash TEXT NOT NULL,
    description TEXT
) WITHOUT ROWID;
CREATE INDEX stickers_guild ON stickers (guild_id, id);

-- volume: millionths.
CREATE TABLE sounds (
    id BIGINT NOT NULL PRIMARY KEY,
    guild_id BIGINT NOT NULL REFERENCES guilds (id) ON DELETE CASCADE,
    creator_id BIGINT NOT NULL,
    volume INTEGER NOT NULL,
    available SMALLINT NOT NULL,
    emoji_id BIGINT,
    name TEXT NOT NULL,
    hash TEXT NOT NULL,
    emoji_name TEXT
) WITHOUT ROWID;
CREATE INDEX sounds_guild ON sounds (guild_id, id);

-- recurrence: JSON as the API shows it. end_ms 0: none.
CREATE TABLE scheduled_events (
    id BIGINT NOT NULL PRIMARY KEY,
    guild_id BIGINT NOT NULL REFERENCES guilds (id) ON DELETE CASCADE,
    channel_id BIGINT,
    creator_id BIGINT NOT NULL,
    entity_id BIGINT,
    start_ms BIGINT NOT NULL,
    end_ms BIGINT NOT NULL,
    privacy_level INTEGER NOT NULL,
    status INTEGER NOT NULL,
    entity_type INTEGER NOT NULL,
    user_count BIGINT NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    location TEXT,
    image TEXT,
    recurrence TEXT
) WITHOUT ROWID;
CREATE INDEX scheduled_events_guild ON scheduled_events (guild_id, id);
CREATE INDEX scheduled_events_open ON scheduled_events (guild_id, id) WHERE status < 3;
CREATE INDEX scheduled_events_channel ON scheduled_events (channel_id) WHERE channel_id IS NOT NULL;
CREATE TABLE scheduled_event_users (
    event_id BIGINT NOT NULL REFERENCES scheduled_events (id) ON DELETE CASCADE,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (event_id, user_id)
) WITHOUT ROWID;
CREATE INDEX scheduled_event_users_user ON scheduled_event_users (user_id);

CREATE TABLE stage_instances (
    id BIGINT NOT NULL PRIMARY KEY,
    guild_id BIGINT NOT NULL REFERENCES guilds (id) ON DELETE CASCADE,
    channel_id BIGINT NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    scheduled_event_id BIGINT,
    privacy_level INTEGER NOT NULL,
    topic TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX stage_instances_guild ON stage_instances (guild_id, id);
CREATE UNIQUE INDEX stage_instances_channel ON stage_instances (channel_id);

-- What messages of the server itself show: JSON as the API shows it.
ALTER TABLE messages ADD COLUMN embeds TEXT;

-- trigger_metadata and actions: JSON as the API shows them. exempt_*: ids of 8 bytes, big-endian.
CREATE TABLE automod_rules (
    id BIGINT NOT NULL PRIMARY KEY,
    guild_id BIGINT NOT NULL REFERENCES guilds (id) ON DELETE CASCADE,
    creator_id BIGINT NOT NULL,
    event_type INTEGER NOT NULL,
    trigger_type INTEGER NOT NULL,
    enabled SMALLINT NOT NULL,
    name TEXT NOT NULL,
    trigger_metadata TEXT NOT NULL,
    actions TEXT NOT NULL,
    exempt_roles BLOB,
    exempt_channels BLOB
) WITHOUT ROWID;
CREATE INDEX automod_rules_guild ON automod_rules (guild_id, id);

-- target_type: 0 none, 1 stream, 2 embedded application. roles: ids of 8 bytes, big-endian.
ALTER TABLE invites ADD COLUMN target_type INTEGER NOT NULL DEFAULT 0;
ALTER TABLE invites ADD COLUMN flags INTEGER NOT NULL DEFAULT 0;
ALTER TABLE invites ADD COLUMN target_user_id BIGINT;
ALTER TABLE invites ADD COLUMN target_application_id BIGINT;
ALTER TABLE invites ADD COLUMN roles BLOB;
CREATE INDEX invites_expiry ON invites (expires_at_ms) WHERE expires_at_ms > 0;

-- Settings of a guild that are read and written as a whole (kinds: store/guild_documents.h), as JSON.
CREATE TABLE guild_documents (
    guild_id BIGINT NOT NULL REFERENCES guilds (id) ON DELETE CASCADE,
    kind INTEGER NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (guild_id, kind)
) WITHOUT ROWID;

-- A guild's template: at most one each. document: serialized_source_guild as the API shows it.
CREATE TABLE templates (
    code TEXT NOT NULL PRIMARY KEY,
    guild_id BIGINT NOT NULL REFERENCES guilds (id) ON DELETE CASCADE,
    creator_id BIGINT NOT NULL,
    usage_count BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    structure_position BIGINT NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    document TEXT NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX templates_guild ON templates (guild_id);

-- Applications in guilds; those from before this table get the id of their bot's role; bots
-- that have left, or came twice, have left roles behind.
CREATE TABLE integrations (
    id BIGINT NOT NULL PRIMARY KEY,
    guild_id BIGINT NOT NULL REFERENCES guilds (id) ON DELETE CASCADE,
    application_id BIGINT NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    added_by BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX integrations_guild ON integrations (guild_id, application_id);
CREATE INDEX integrations_application ON integrations (application_id);
INSERT INTO integrations (id, guild_id, application_id, added_by, created_at_ms)
    SELECT MAX(r.id), r.guild_id, a.id, a.owner_id, a.created_at_ms FROM roles r JOIN applications a ON a.bot_id = r.bot_id
    JOIN members m ON m.guild_id = r.guild_id AND m.user_id = r.bot_id
    GROUP BY r.guild_id, a.id, a.owner_id, a.created_at_ms;

-- Requests to join guilds that want to be asked. status: 0 submitted, 1 approved, 2 rejected.
CREATE TABLE join_requests (
    guild_id BIGINT NOT NULL REFERENCES guilds (id) ON DELETE CASCADE,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    id BIGINT NOT NULL,
    status INTEGER NOT NULL,
    created_at_ms BIGINT NOT NULL,
    decided_by BIGINT,
    decided_at_ms BIGINT NOT NULL,
    responses TEXT,
    rejection_reason TEXT,
    PRIMARY KEY (guild_id, user_id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX join_requests_id ON join_requests (id);
CREATE INDEX join_requests_status ON join_requests (guild_id, status, id);
CREATE INDEX join_requests_user ON join_requests (user_id);
