-- Preference groups of one site differ by more than by capitals (000-15). The key is site and group in lower case; whoever
-- writes a phone writes it. Of phones that have the same one already the first keeps it; the others have none until they are
-- changed. The PostgreSQL file of the same number says the same.

ALTER TABLE handsets ADD COLUMN group_key TEXT;
UPDATE handsets SET group_key = lower(site) || '
' || lower(preference_group)
WHERE preference_group IS NOT NULL AND NOT EXISTS (SELECT 1 FROM handsets o WHERE o.tenant_id = handsets.tenant_id
    AND lower(o.site) = lower(handsets.site) AND lower(o.preference_group) = lower(handsets.preference_group)
    AND o.id < handsets.id);
CREATE UNIQUE INDEX handsets_group_key ON handsets (tenant_id, group_key);
