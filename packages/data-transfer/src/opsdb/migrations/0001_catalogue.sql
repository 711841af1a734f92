-- What exists and where: sites, locations, instruments, observations, packages, files, and their physical copies.
-- Every name is unqualified: the connection's search_path says in which schema it lies.

CREATE TABLE site (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name       text NOT NULL UNIQUE,
  short_name text NOT NULL UNIQUE,
  location   text NOT NULL DEFAULT ''
);
COMMENT ON COLUMN site.short_name IS 'goes into queue names';

CREATE TABLE data_location (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  site_id       bigint NOT NULL REFERENCES site,
  name          text NOT NULL,
  location_type text NOT NULL,
  storage_type  text NOT NULL,
  priority      integer NOT NULL DEFAULT 0,
  active        boolean NOT NULL DEFAULT true,
  pause_message text,
  UNIQUE (site_id, name),
  UNIQUE (id, storage_type)
);
COMMENT ON COLUMN data_location.priority IS 'lower is tried first';
COMMENT ON COLUMN data_location.pause_message IS 'set while the location is paused';

-- One table for each kind of storage; the pair (id, storage_type) ties a row to a location of its own kind.
CREATE TABLE disk_data_location (
  id           bigint PRIMARY KEY,
  storage_type text NOT NULL DEFAULT 'disk' CHECK (storage_type = 'disk'),
  host         text,
  path         text NOT NULL,
  FOREIGN KEY (id, storage_type) REFERENCES data_location (id, storage_type) ON DELETE CASCADE
);

CREATE TABLE s3_data_location (
  id           bigint PRIMARY KEY,
  storage_type text NOT NULL DEFAULT 's3' CHECK (storage_type = 's3'),
  endpoint     text NOT NULL,
  bucket       text NOT NULL,
  prefix       text NOT NULL DEFAULT '' CHECK (prefix = '' OR prefix LIKE '%/'),
  region       text NOT NULL DEFAULT 'us-east-1',
  FOREIGN KEY (id, storage_type) REFERENCES data_location (id, storage_type) ON DELETE CASCADE
);

CREATE TABLE tape_data_location (
  id           bigint PRIMARY KEY,
  storage_type text NOT NULL DEFAULT 'tape' CHECK (storage_type = 'tape'),
  path         text NOT NULL,
  FOREIGN KEY (id, storage_type) REFERENCES data_location (id, storage_type) ON DELETE CASCADE
);

CREATE TABLE instrument (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name      text NOT NULL UNIQUE,
  available boolean NOT NULL DEFAULT true
);

CREATE TABLE instrument_module (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  instrument_id bigint NOT NULL REFERENCES instrument,
  name          text NOT NULL,
  UNIQUE (instrument_id, name)
);

CREATE TABLE executed_obs_unit (
  id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name       text NOT NULL UNIQUE,
  started_at timestamptz,
  ended_at   timestamptz
);

CREATE TABLE raw_data_package (
  id                   uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name                 text NOT NULL UNIQUE,
  size                 bigint NOT NULL CHECK (size >= 0),
  checksum_algorithm   text,
  checksum_digest      text,
  file_count           integer NOT NULL CHECK (file_count >= 0),
  state                text NOT NULL DEFAULT 'waiting',
  executed_obs_unit_id uuid REFERENCES executed_obs_unit,
  instrument_module_id bigint REFERENCES instrument_module,
  created_at           timestamptz NOT NULL DEFAULT now(),
  CHECK ((checksum_algorithm IS NULL) = (checksum_digest IS NULL))
);
CREATE INDEX raw_data_package_of_observation ON raw_data_package (executed_obs_unit_id);

CREATE TABLE raw_data_package_metadata (
  raw_data_package_id uuid PRIMARY KEY REFERENCES raw_data_package ON DELETE CASCADE,
  metadata            jsonb NOT NULL CHECK (jsonb_typeof(metadata) = 'object')
);

CREATE TABLE raw_data_file (
  id                   uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  raw_data_package_id  uuid REFERENCES raw_data_package ON DELETE CASCADE,
  instrument_module_id bigint REFERENCES instrument_module,
  path                 text NOT NULL,
  size                 bigint NOT NULL CHECK (size >= 0),
  checksum_algorithm   text,
  checksum_digest      text,
  UNIQUE (raw_data_package_id, path),
  CHECK ((checksum_algorithm IS NULL) = (checksum_digest IS NULL))
);
COMMENT ON COLUMN raw_data_file.id IS 'a uuid, since whoever makes a file may be offline';
COMMENT ON COLUMN raw_data_file.path IS 'inside its package, / between the parts';

CREATE TABLE physical_copy (
  id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  raw_data_package_id uuid REFERENCES raw_data_package ON DELETE CASCADE,
  raw_data_file_id    uuid REFERENCES raw_data_file ON DELETE CASCADE,
  data_location_id    bigint NOT NULL REFERENCES data_location,
  key                 text NOT NULL,
  status              text NOT NULL,
  expires_at          timestamptz,
  verified_at         timestamptz,
  created_at          timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT copy_is_of_a_package_or_a_file CHECK (num_nonnulls(raw_data_package_id, raw_data_file_id) = 1),
  CONSTRAINT only_packages_are_staged CHECK (status <> 'staged' OR raw_data_package_id IS NOT NULL),
  CONSTRAINT staged_copy_has_a_lifetime CHECK (status <> 'staged' OR expires_at IS NOT NULL),
  CONSTRAINT only_files_are_possibly_deleted CHECK (status <> 'deletion_possible' OR raw_data_file_id IS NOT NULL)
);
COMMENT ON COLUMN physical_copy.key IS 'below the location''s own prefix or path';
CREATE UNIQUE INDEX physical_copy_of_package ON physical_copy (raw_data_package_id, data_location_id)
  WHERE raw_data_package_id IS NOT NULL;
CREATE UNIQUE INDEX physical_copy_of_file ON physical_copy (raw_data_file_id, data_location_id)
  WHERE raw_data_file_id IS NOT NULL;
CREATE INDEX physical_copy_expiry ON physical_copy (expires_at) WHERE status = 'staged';
