-- A second request for a bulk with the same key is the first one again. An upload that breaks off gives
-- its key back: whoever sends it again means it.

ALTER TABLE bulks ADD COLUMN idempotency_key text;
CREATE UNIQUE INDEX bulks_by_key ON bulks (tenant_id, idempotency_key)
    WHERE idempotency_key IS NOT NULL;
