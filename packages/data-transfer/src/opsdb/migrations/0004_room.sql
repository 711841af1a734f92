-- Room at locations: what each may hold, and what is promised to packages on their way.

ALTER TABLE data_location ADD COLUMN budget_bytes bigint CHECK (budget_bytes >= 0);
COMMENT ON COLUMN data_location.budget_bytes IS 'what may lie there at most: all that is staged, and all that is on its way';

ALTER TABLE staging_item
  ADD COLUMN reserved_bytes bigint NOT NULL DEFAULT 0 CHECK (reserved_bytes >= 0),
  ADD COLUMN unwritten_bytes bigint NOT NULL DEFAULT 0 CHECK (unwritten_bytes >= 0),
  ADD COLUMN unwritten_files bigint NOT NULL DEFAULT 0 CHECK (unwritten_files >= 0),
  ADD COLUMN attempt_ended_at timestamptz;
COMMENT ON COLUMN staging_item.reserved_bytes IS 'promised to the claim in all; counts while its lease holds, and ends with it';
COMMENT ON COLUMN staging_item.unwritten_bytes IS 'of that, not written yet; smaller with each renewal';
COMMENT ON COLUMN staging_item.unwritten_files IS 'files and folders promised to the claim and not made yet';
COMMENT ON COLUMN staging_item.attempt_ended_at IS 'when the latest attempt that is over ended, or was taken back';

-- Whoever promises room there holds this row's lock meanwhile: of two that ask for the last room one is second.
CREATE TABLE location_room (
  data_location_id bigint PRIMARY KEY REFERENCES data_location ON DELETE CASCADE,
  free_bytes       bigint,
  free_files       bigint,
  looked_at        timestamptz,
  looked_by        text
);
COMMENT ON TABLE location_room IS 'what a worker saw free there when it last promised room; null where the file system does not say';
