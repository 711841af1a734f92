-- Packages that may break a rule of safe unpacking, because somebody answers for it.

CREATE TABLE package_waiver (
  id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  raw_data_package_id uuid NOT NULL REFERENCES raw_data_package,
  rule                text NOT NULL,
  why                 text NOT NULL,
  granted_by          text NOT NULL,
  granted_at          timestamptz NOT NULL DEFAULT now(),
  revoked_by          text,
  revoked_at          timestamptz,
  CONSTRAINT only_harmless_rules_are_waived CHECK (rule IN ('symbolic-link', 'hard-link')),
  CONSTRAINT waiver_has_a_reason CHECK (why ~ '\S'),
  CONSTRAINT revocation_has_a_person CHECK ((revoked_by IS NULL) = (revoked_at IS NULL))
);
CREATE UNIQUE INDEX package_waiver_in_force ON package_waiver (raw_data_package_id, rule) WHERE revoked_at IS NULL;

-- A waiver is never rewritten: it can be revoked, once.
CREATE FUNCTION refuse_other_waiver_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.revoked_at IS NOT NULL OR NEW.revoked_at IS NULL
    OR (NEW.id, NEW.raw_data_package_id, NEW.rule, NEW.why, NEW.granted_by, NEW.granted_at)
      IS DISTINCT FROM (OLD.id, OLD.raw_data_package_id, OLD.rule, OLD.why, OLD.granted_by, OLD.granted_at) THEN
    RAISE EXCEPTION 'waiver % can only be revoked, once', OLD.id USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER package_waiver_can_only_be_revoked BEFORE UPDATE ON package_waiver
  FOR EACH ROW EXECUTE FUNCTION refuse_other_waiver_changes();
CREATE TRIGGER package_waiver_is_kept BEFORE DELETE OR TRUNCATE ON package_waiver
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
