package dev.ctstream;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ctstream.config.CollectorConfig;
import dev.ctstream.conntrack.EventSocket;
import dev.ctstream.control.BusyStreams;
import dev.ctstream.metrics.Health;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The state of a collector as {@code /status} shows it. Any thread. */
final class Status {
    private Status() {}

    /**
     * One JSON object.
     *
     * @param collector null while it is starting
     */
    static String json(CollectorConfig config, Health health, @Nullable Collector collector) {
        ObjectNode status = JsonNodeFactory.instance.objectNode();
        status.put("host_id", config.host().id());
        status.put("ready", health.ready());
        status.put("live", health.live());
        if (collector != null) {
            put(status, collector);
        }
        ObjectNode components = status.putObject("components");
        health.components().forEach((name, state) -> {
            ObjectNode one = components.putObject(name);
            one.put("ready", state.ready());
            one.put("reason", state.reason());
        });
        return status.toString();
    }

    private static void put(ObjectNode status, Collector collector) {
        Collector.Totals totals = collector.totals();
        ObjectNode events = status.putObject("events");
        events.put("received", totals.received());
        events.put("acknowledged", totals.acknowledged());
        events.put("lost_by_kernel", totals.lostByKernel());
        events.put("lost_later", totals.lostLater());
        status.put("unacknowledged_batches", collector.spool().unacknowledged());
        ArrayNode namespaces = status.putArray("namespaces");
        for (EventSocket socket : collector.namespaces().sockets()) {
            ObjectNode one = namespaces.addObject();
            one.put("netns", socket.netns());
            one.put("buffer_events", socket.capacityEvents());
            one.put("lost_by_kernel", socket.dropsTotal());
            one.put("undecodable", socket.undecodableTotal());
            one.put("foreign", socket.foreignTotal());
        }
        ArrayNode waiting = status.putArray("waiting_for_namespaces");
        collector.namespaces().waiting().forEach(waiting::add);
        put(status.putArray("busiest_namespaces"), collector.busyStreams().namespaces());
        put(status.putArray("busiest_zones"), collector.busyStreams().zones());
    }

    private static void put(ArrayNode array, List<BusyStreams.Figures> busiest) {
        for (BusyStreams.Figures figures : busiest) {
            ObjectNode one = array.addObject();
            one.put("netns", figures.netns());
            if (!figures.zone().isEmpty()) {
                one.put("zone", figures.zone());
            }
            one.put("events_per_second", figures.eventsPerSecond());
            one.put("live_flows", figures.liveFlows());
        }
    }
}
