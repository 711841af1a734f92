-- What was asked for, and how far it is. Indexes cover what is open, so that finished work costs nothing.

CREATE TABLE staging_job (
  id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  destination_id   bigint NOT NULL REFERENCES data_location,
  requester        text NOT NULL,
  priority         smallint NOT NULL CHECK (priority BETWEEN 0 AND 9),
  lifetime_seconds bigint NOT NULL CHECK (lifetime_seconds > 0),
  status           text NOT NULL DEFAULT 'pending',
  waiting_task_id  text,
  created_at       timestamptz NOT NULL DEFAULT now(),
  started_at       timestamptz,
  finished_at      timestamptz,
  released_at      timestamptz
);
COMMENT ON COLUMN staging_job.waiting_task_id IS 'Celery message of a manager that asked for the whole job and waits';
CREATE INDEX staging_job_open ON staging_job (destination_id) WHERE status NOT IN ('completed', 'failed');

CREATE TABLE staging_item (
  id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  staging_job_id      bigint NOT NULL REFERENCES staging_job ON DELETE CASCADE,
  -- The job's destination and priority, repeated here so that one index answers what is next.
  destination_id      bigint NOT NULL REFERENCES data_location,
  priority            smallint NOT NULL,
  raw_data_package_id uuid REFERENCES raw_data_package,
  package_name        text NOT NULL,
  size                bigint NOT NULL DEFAULT 0,
  status              text NOT NULL DEFAULT 'pending',
  reason              text,
  retry_at            timestamptz,
  attempt             integer NOT NULL DEFAULT 0,
  failures            integer NOT NULL DEFAULT 0,
  attempt_id          uuid,
  claimed_by          text,
  lease_until         timestamptz,
  cancel_requested    boolean NOT NULL DEFAULT false,
  source_copy_id      bigint REFERENCES physical_copy ON DELETE SET NULL,
  bytes_done          bigint NOT NULL DEFAULT 0,
  error_code          text,
  error_text          text,
  task_id             uuid NOT NULL DEFAULT gen_random_uuid(),
  rung_at             timestamptz,
  ring_count          integer NOT NULL DEFAULT 0,
  already_there       boolean NOT NULL DEFAULT false,
  started_at          timestamptz,
  finished_at         timestamptz,
  UNIQUE (staging_job_id, package_name),
  CONSTRAINT unknown_package_can_only_fail CHECK (raw_data_package_id IS NOT NULL OR status IN ('pending', 'failed')),
  CONSTRAINT failure_has_a_reason CHECK (status <> 'failed' OR reason IS NOT NULL),
  CONSTRAINT work_has_a_claim CHECK (
    status <> 'in_progress' OR (attempt_id IS NOT NULL AND claimed_by IS NOT NULL AND lease_until IS NOT NULL))
);
COMMENT ON COLUMN staging_item.failures IS 'attempts that failed or lost their worker since somebody last asked; waiting does not count';
COMMENT ON COLUMN staging_item.attempt_id IS 'of the latest attempt; kept when it ends, so that a lost answer can be looked up';

CREATE INDEX staging_item_pending ON staging_item (priority, id) WHERE status = 'pending';
CREATE INDEX staging_item_waiting ON staging_item (destination_id, priority, id) WHERE status IN ('pending', 'scheduled');
CREATE INDEX staging_item_scheduled ON staging_item (rung_at) WHERE status = 'scheduled';
CREATE INDEX staging_item_claimed ON staging_item (lease_until) WHERE status = 'in_progress';
CREATE INDEX staging_item_open ON staging_item (staging_job_id) WHERE status NOT IN ('completed', 'failed');
CREATE INDEX staging_item_failed ON staging_item (staging_job_id) WHERE status = 'failed';
CREATE UNIQUE INDEX staging_item_attempt ON staging_item (attempt_id) WHERE status = 'in_progress';
-- Two jobs may want one package at one place; only one of their items is worked on at a time.
CREATE UNIQUE INDEX staging_item_one_at_a_time ON staging_item (raw_data_package_id, destination_id)
  WHERE status IN ('scheduled', 'in_progress');
CREATE INDEX staging_item_of_package ON staging_item (raw_data_package_id, destination_id);

CREATE TABLE broker_epoch (
  id         boolean PRIMARY KEY DEFAULT true CHECK (id),
  epoch      text NOT NULL,
  written_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE broker_epoch IS 'what the broker was marked with; another mark, or none, means that it has lost its memory';

CREATE TABLE audit_event (
  id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at      timestamptz NOT NULL DEFAULT now(),
  actor   text NOT NULL,
  action  text NOT NULL,
  subject text NOT NULL,
  details jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_event_of_subject ON audit_event (subject, id);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'rows of % can only be added', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_event_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_event
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
