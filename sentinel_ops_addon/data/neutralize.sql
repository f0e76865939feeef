-- A copy of a database does nothing by itself.
UPDATE sentinel_job
   SET active = false;

-- What the original was asked for is the original's to do. Only records that a plan froze and that
-- nobody reached get their line: what was done before the copy was made is told by its own lines.
INSERT INTO sentinel_run_line (
       run_id, position, job_code, company_ref, model, record_ref, record_name, operation,
       outcome, reason, before, intended, after, amount, currency, fingerprint, at)
SELECT run.id, line.position, line.job_code, line.company_ref, line.model, line.record_ref,
       line.record_name, line.operation, 'not_attempted', 'This database is a neutralized copy.',
       line.before, line.intended, '{}', line.amount, line.currency, line.fingerprint,
       date_trunc('second', timezone('UTC', clock_timestamp()))
  FROM sentinel_run AS run
  JOIN sentinel_run_line AS line ON line.run_id = run.plan_ref AND line.outcome = 'planned'
 WHERE run.mode IN ('live', 'simulate') AND run.state IN ('running', 'waiting')
   AND (coalesce(run.chosen, 'null') IN ('null', '[]') OR run.chosen @> to_jsonb(line.position))
   AND line.position > (SELECT coalesce(max(position), 0)
                          FROM sentinel_run_line WHERE run_id = run.id);

-- Their places are in the chain of the copy, should it ever seal anything.
UPDATE sentinel_run
   SET state = 'sealing', final_status = 'aborted', verdict = coalesce(verdict, 'not_evaluated'),
       error = 'This database is a neutralized copy: the run was going to be, or is, the business '
            || 'of the original.',
       ended_at = date_trunc('second', timezone('UTC', clock_timestamp())),
       owner_token = NULL, awaits = NULL,
       outcomes = counted.outcomes,
       checked_count = counted.checked, updated_count = counted.updated,
       skipped_count = counted.skipped, error_count = counted.errors
  FROM (SELECT run.id, coalesce(jsonb_object_agg(line.outcome, line.count)
                                FILTER (WHERE line.outcome IS NOT NULL), '{}') AS outcomes,
               coalesce(sum(line.count), 0) AS checked,
               coalesce(sum(line.count) FILTER (WHERE line.outcome IN ('done')), 0) AS updated,
               coalesce(sum(line.count) FILTER (WHERE line.outcome LIKE 'skipped%'
                                   OR line.outcome IN ('ineffective', 'not_attempted')), 0) AS skipped,
               coalesce(sum(line.count) FILTER (WHERE line.outcome IN ('failed', 'refused')), 0) AS errors
          FROM sentinel_run AS run
          LEFT JOIN (SELECT run_id, outcome, count(*) AS count
                       FROM sentinel_run_line GROUP BY run_id, outcome) AS line
            ON line.run_id = run.id
         WHERE run.state IN ('queued', 'waiting', 'running')
         GROUP BY run.id) AS counted
 WHERE counted.id = sentinel_run.id;

-- Nobody holds the trail of the copy, so retention removes nothing from it.
DELETE FROM sentinel_consumer;

-- The copy never continues the original's chain: what an auditor pulled from the one does not fit
-- the other. The places of the old one stay, under its identity.
UPDATE sentinel_chain
   SET uid = gen_random_uuid()::text, position = 0, seal = repeat('0', 64),
       start_position = 0, start_seal = repeat('0', 64), lines_position = 0;
