-- Before, every token with an audience had the type at+jwt. It keeps it for the audiences that the client's policy names.
UPDATE "clients" SET "policy" = "policy" || jsonb_build_object('at_jwt_audiences', (
    SELECT jsonb_agg("audience") FROM (
        SELECT jsonb_path_query("policy", '$.audiences[*] ? (@.type() == "string")') AS "audience"
        UNION
        SELECT jsonb_path_query("policy", '$.default_audience[*] ? (@.type() == "string")')
    ) AS "named"
))
WHERE jsonb_path_exists("policy", '$.audiences[*] ? (@.type() == "string")')
    OR jsonb_path_exists("policy", '$.default_audience[*] ? (@.type() == "string")');
