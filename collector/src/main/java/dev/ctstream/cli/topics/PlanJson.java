package dev.ctstream.cli.topics;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ctstream.publish.ClassLoad;
import dev.ctstream.publish.PartitionLoad;
import dev.ctstream.publish.TopicPlan;
import dev.ctstream.publish.WantedTopic;

/** A plan as one JSON object on one line. */
final class PlanJson {
    private static final int SECONDS_OF_DAY = 86_400;

    private PlanJson() {}

    static String of(TopicPlan plan) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("hosts", plan.hosts());
        json.put("events_per_second", plan.eventsPerSecond());
        json.put("partitions", plan.partitions());
        load(json.putObject("load"), plan.load());
        json.put("bytes_per_second", plan.bytesPerSecond());
        json.put("bytes_per_day", plan.bytesPerSecond() * SECONDS_OF_DAY);
        json.put("retention_ms", plan.settings().retentionMillis());
        json.put("bytes_kept", plan.bytesPerSecond() * plan.settings().retentionMillis() / 1000);
        json.put("records_per_second", plan.recordsPerSecond());
        json.put("brokers", plan.settings().brokers());
        json.put("produce_requests_per_second", plan.requestsPerSecond());
        json.put(
                "produce_requests_per_second_and_broker",
                plan.requestsPerSecond() / plan.settings().brokers());
        json.put("heartbeats_per_second", plan.heartbeatsPerSecond());
        json.put("heartbeat_bytes_per_second", plan.heartbeatBytesPerSecond());
        json.put("mean_over_maximum_at_width_1", plan.evenness());
        json.put("zones_look_host_local", plan.hostLocalZones());
        PartitionLoad spread = plan.spread();
        if (spread != null) {
            load(json.putObject("load_with_width_all"), spread);
        }
        classes(json.putArray("classes"), plan);
        topics(json.putArray("topics"), plan);
        return json + "\n";
    }

    private static void load(ObjectNode json, PartitionLoad load) {
        json.put("maximum_over_mean", load.skew());
        json.put("hottest_partition", load.hottest());
        json.put("maximum_events_per_second", load.most());
        json.put("mean_events_per_second", load.mean());
    }

    private static void classes(ArrayNode json, TopicPlan plan) {
        for (ClassLoad load : plan.classes()) {
            json.addObject()
                    .put("class", load.hosts().name())
                    .put("hosts", load.hosts().hosts())
                    .put("events_per_second", load.hosts().eventsPerSecond())
                    .put("namespaces", load.hosts().namespaces().size())
                    .put("zones", load.hosts().numberedZones())
                    .put("records_per_second", load.recordsPerSecond())
                    .put("produce_requests_per_second", load.requestsPerSecond())
                    .put("bytes_per_second", load.bytesPerSecond())
                    .put("heartbeats_per_second", load.heartbeatsPerSecond());
        }
    }

    private static void topics(ArrayNode json, TopicPlan plan) {
        for (WantedTopic topic : plan.topics()) {
            ObjectNode one = json.addObject();
            one.put("topic", topic.name()).put("partitions", topic.partitions()).put("replicas", topic.replicas());
            topic.settings().forEach(one.putObject("settings")::put);
        }
    }
}
