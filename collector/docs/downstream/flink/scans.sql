-- Sources that opened flows to many targets within a minute of event time.
SELECT
  window_start,
  host_id,
  ct_zone,
  source_address,
  COUNT(DISTINCT destination_address || ' ' || CAST(destination_port AS STRING)) AS targets
FROM TABLE(TUMBLE(TABLE conntrack_events, DESCRIPTOR(row_time), INTERVAL '1' MINUTE))
WHERE event_type = 'NEW' AND destination_port IS NOT NULL
GROUP BY window_start, window_end, host_id, ct_zone, source_address
HAVING COUNT(DISTINCT destination_address || ' ' || CAST(destination_port AS STRING)) >= ${TARGETS:100};
