-- compatible: 5
-- The gateway: sessions that outlive a planned stop, voice states. An expanding step.

-- Sessions between a planned stop of a server and its next start, which takes them out of here.
-- worker_id: of the server that had them. number: the order in which they are taken. state: as
-- gateway/handover_state.c writes it.
CREATE TABLE gateway_sessions (
    worker_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_hash BYTEA NOT NULL,
    expires_at_ms BIGINT NOT NULL,
    state BYTEA NOT NULL,
    PRIMARY KEY (worker_id, number)
);
CREATE INDEX gateway_sessions_user ON gateway_sessions (user_id);
CREATE INDEX gateway_sessions_expiry ON gateway_sessions (expires_at_ms);
-- What their clients have not confirmed yet, each event once, many in a row.
CREATE TABLE gateway_payloads (
    worker_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    expires_at_ms BIGINT NOT NULL,
    payloads BYTEA NOT NULL,
    PRIMARY KEY (worker_id, number)
);
CREATE INDEX gateway_payloads_expiry ON gateway_payloads (expires_at_ms);

-- Who is in which voice channel. session_id: the gateway session that is connected. mute and deaf are the
-- member's. request_to_speak_at_ms 0: none.
CREATE TABLE voice_states (
    guild_id BIGINT NOT NULL REFERENCES guilds (id) ON DELETE CASCADE,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    channel_id BIGINT NOT NULL,
    session_id TEXT COLLATE "C" NOT NULL,
    self_deaf SMALLINT NOT NULL,
    self_mute SMALLINT NOT NULL,
    self_stream SMALLINT NOT NULL,
    self_video SMALLINT NOT NULL,
    suppress SMALLINT NOT NULL,
    request_to_speak_at_ms BIGINT NOT NULL,
    joined_at_ms BIGINT NOT NULL,
    PRIMARY KEY (guild_id, user_id)
);
CREATE INDEX voice_states_user ON voice_states (user_id);
CREATE INDEX voice_states_channel ON voice_states (channel_id);
