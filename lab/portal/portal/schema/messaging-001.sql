-- Copyright: Renfort contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- A form sent twice is one message: its submission is the sender's key.
create table message (
    id bigint generated always as identity primary key,
    sender text not null,
    submission text not null,
    sender_name text not null,
    subject text not null,
    body text not null,
    sent_at timestamptz not null default now(),
    unique (sender, submission)
);
create table delivery (
    recipient text not null,
    message bigint not null references message,
    read_at timestamptz,
    primary key (recipient, message)
);
create index on delivery (recipient) where read_at is null;
-- A row is waiting until the relay has taken it or refused it for good; who works on it holds a lease.
create table outbox (
    id bigint generated always as identity primary key,
    message bigint not null references message,
    sender_name text not null,
    address text not null,
    external boolean not null,
    language text not null,
    state text not null default 'waiting' check (state in ('waiting', 'sent', 'failed')),
    attempts integer not null default 0,
    due_at timestamptz not null default now(),
    lease_until timestamptz,
    worker text,
    created timestamptz not null default now(),
    done_at timestamptz,
    detail text not null default ''
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
create index outbox_waiting on outbox (id) where state = 'waiting';
create index outbox_waiting_address on outbox (address, id) where state = 'waiting';
create index outbox_done on outbox (done_at) where state <> 'waiting';
-- Counting the rows sent would cost more with each one; a worker adds to its own line.
create table outbox_count (
    worker text primary key,
    sent bigint not null default 0,
    failed bigint not null default 0
);
