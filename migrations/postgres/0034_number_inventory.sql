-- Numbers that a tenant has, whether they lead somewhere or not. The SQLite file of the same number holds the same table.

-- Where a number leads stands in numbers, where it rings in handset_ports; a number may stand there and not here.
CREATE TABLE number_inventory (
    tenant_id  UUID    NOT NULL REFERENCES tenants (id),
    number     TEXT    NOT NULL,
    note       TEXT    NOT NULL,
    created_at BIGINT  NOT NULL,
    PRIMARY KEY (tenant_id, number)
);
