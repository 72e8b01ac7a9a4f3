-- Entities. Ids are positive 63-bit snowflakes; booleans are SMALLINT 0 or 1; times are milliseconds
-- since 1970. The types are PostgreSQL's too, but for BLOB (BYTEA there) and WITHOUT ROWID (absent
-- there), which the PostgreSQL migration of the same number maps; the queries run on both as they are.

CREATE TABLE tenants (
    id BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created_at_ms BIGINT NOT NULL
) WITHOUT ROWID;
INSERT INTO tenants (id, name, created_at_ms) VALUES (1, 'default', 0);

-- username and email are folded before they are stored, so plain uniqueness is enough.
CREATE TABLE users (
    id BIGINT NOT NULL PRIMARY KEY,
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    username TEXT NOT NULL,
    global_name TEXT,
    email TEXT,
    bot SMALLINT NOT NULL,
    flags BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX users_username ON users (tenant_id, username);
CREATE UNIQUE INDEX users_email ON users (tenant_id, email) WHERE email IS NOT NULL;

CREATE TABLE credentials (
    user_id BIGINT NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    password_hash TEXT NOT NULL
) WITHOUT ROWID;

-- kind: 0 a person's session, 1 a bot. Only the hash of a token is ever stored.
CREATE TABLE tokens (
    hash BLOB NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind SMALLINT NOT NULL,
    created_at_ms BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX tokens_user ON tokens (user_id);

CREATE TABLE applications (
    id BIGINT NOT NULL PRIMARY KEY,
    owner_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    bot_id BIGINT REFERENCES users (id) ON DELETE SET NULL,
    bot_public SMALLINT NOT NULL,
    flags BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX applications_owner ON applications (owner_id);
CREATE UNIQUE INDEX applications_bot ON applications (bot_id) WHERE bot_id IS NOT NULL;

-- perm_generation: raised by every change that may give or take permissions, so that a closure sees
-- that its authorisation is out of date. structure_position: of the event in the guild's stream that
-- last changed roles, channels or overwrites; both are moved together.
CREATE TABLE guilds (
    id BIGINT NOT NULL PRIMARY KEY,
    tenant_id BIGINT NOT NULL REFERENCES tenants (id),
    owner_id BIGINT NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    description TEXT,
    system_channel_id BIGINT,
    afk_channel_id BIGINT,
    afk_timeout INTEGER NOT NULL,
    verification_level INTEGER NOT NULL,
    default_message_notifications INTEGER NOT NULL,
    explicit_content_filter INTEGER NOT NULL,
    preferred_locale TEXT NOT NULL,
    perm_generation BIGINT NOT NULL,
    structure_position BIGINT NOT NULL,
    member_count BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX guilds_owner ON guilds (owner_id);

CREATE TABLE channels (
    id BIGINT NOT NULL PRIMARY KEY,
    guild_id BIGINT NOT NULL REFERENCES guilds (id) ON DELETE CASCADE,
    last_message_id BIGINT NOT NULL,
    type INTEGER NOT NULL,
    position INTEGER NOT NULL,
    parent_id BIGINT REFERENCES channels (id) ON DELETE SET NULL,
    nsfw SMALLINT NOT NULL,
    rate_limit_per_user INTEGER NOT NULL,
    bitrate INTEGER NOT NULL,
    user_limit INTEGER NOT NULL,
    name TEXT NOT NULL,
    topic TEXT
) WITHOUT ROWID;
CREATE INDEX channels_guild ON channels (guild_id, id);
CREATE INDEX channels_parent ON channels (parent_id) WHERE parent_id IS NOT NULL;

-- target_id: a role or a user, by type (0 role, 1 member), hence without a foreign key.
CREATE TABLE overwrites (
    channel_id BIGINT NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    target_id BIGINT NOT NULL,
    type SMALLINT NOT NULL,
    allow BIGINT NOT NULL,
    deny BIGINT NOT NULL,
    PRIMARY KEY (channel_id, target_id)
) WITHOUT ROWID;

CREATE TABLE roles (
    id BIGINT NOT NULL PRIMARY KEY,
    guild_id BIGINT NOT NULL REFERENCES guilds (id) ON DELETE CASCADE,
    permissions BIGINT NOT NULL,
    position INTEGER NOT NULL,
    color INTEGER NOT NULL,
    hoist SMALLINT NOT NULL,
    managed SMALLINT NOT NULL,
    mentionable SMALLINT NOT NULL,
    bot_id BIGINT,
    name TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX roles_guild ON roles (guild_id, id);

CREATE TABLE members (
    guild_id BIGINT NOT NULL REFERENCES guilds (id) ON DELETE CASCADE,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    joined_at_ms BIGINT NOT NULL,
    timed_out_until_ms BIGINT NOT NULL,
    deaf SMALLINT NOT NULL,
    mute SMALLINT NOT NULL,
    nick TEXT,
    PRIMARY KEY (guild_id, user_id)
) WITHOUT ROWID;
CREATE INDEX members_user ON members (user_id, guild_id);

CREATE TABLE member_roles (
    guild_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    role_id BIGINT NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    PRIMARY KEY (guild_id, user_id, role_id),
    FOREIGN KEY (guild_id, user_id) REFERENCES members (guild_id, user_id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX member_roles_role ON member_roles (role_id);

-- Stored in the order they are read: a page of a channel is one walk along the key. No foreign keys:
-- the write path is the hottest there is, and the messages of a deleted channel are erased in steps.
-- mentions, mention_roles: ids of 8 bytes, big-endian, in order of first mention; NULL: none.
CREATE TABLE messages (
    channel_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    guild_id BIGINT NOT NULL,
    author_id BIGINT NOT NULL,
    type INTEGER NOT NULL,
    edited_at_ms BIGINT NOT NULL,
    flags BIGINT NOT NULL,
    tts SMALLINT NOT NULL,
    mention_everyone SMALLINT NOT NULL,
    reference_id BIGINT,
    content TEXT NOT NULL,
    mentions BLOB,
    mention_roles BLOB,
    PRIMARY KEY (channel_id, id)
) WITHOUT ROWID;

-- Nonces of the last minutes, for enforce_nonce. Old rows go a few at a time when new ones come.
CREATE TABLE recent_nonces (
    channel_id BIGINT NOT NULL,
    author_id BIGINT NOT NULL,
    nonce TEXT NOT NULL,
    message_id BIGINT NOT NULL,
    PRIMARY KEY (channel_id, author_id, nonce)
) WITHOUT ROWID;
CREATE INDEX recent_nonces_message ON recent_nonces (message_id);

CREATE TABLE invites (
    code TEXT NOT NULL PRIMARY KEY,
    guild_id BIGINT NOT NULL REFERENCES guilds (id) ON DELETE CASCADE,
    channel_id BIGINT NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    inviter_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    max_age_s INTEGER NOT NULL,
    max_uses INTEGER NOT NULL,
    uses INTEGER NOT NULL,
    temporary SMALLINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    expires_at_ms BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX invites_guild ON invites (guild_id);
CREATE INDEX invites_channel ON invites (channel_id, inviter_id);
CREATE INDEX invites_inviter ON invites (inviter_id);
