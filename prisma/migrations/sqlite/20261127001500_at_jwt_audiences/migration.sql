-- Before, every token with an audience had the type at+jwt. It keeps it for the audiences that the client's policy names.
UPDATE "clients" SET "policy" = json_set("policy", '$.at_jwt_audiences', json((
    SELECT json_group_array("audience") FROM (
        SELECT "value" AS "audience" FROM json_each("clients"."policy", '$.audiences')
        UNION
        SELECT "value" FROM json_each("clients"."policy", '$.default_audience')
    ) WHERE "audience" IS NOT NULL
)))
WHERE json_array_length("policy", '$.audiences') > 0 OR json_array_length("policy", '$.default_audience') > 0;
