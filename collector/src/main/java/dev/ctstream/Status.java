package dev.ctstream;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ctstream.conntrack.EventSocket;

/** The state of a collector as {@code /status} shows it. Any thread. */
final class Status {
    private final Collector collector;

    Status(Collector collector) {
        this.collector = collector;
    }

    String json() {
        ObjectNode status = JsonNodeFactory.instance.objectNode();
        Collector.Totals totals = collector.totals();
        status.put("host_id", collector.config().host().id());
        status.put("ready", collector.health().ready());
        status.put("live", collector.health().live());
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
        ObjectNode components = status.putObject("components");
        collector.health().components().forEach((name, state) -> {
            ObjectNode one = components.putObject(name);
            one.put("ready", state.ready());
            one.put("reason", state.reason());
        });
        return status.toString();
    }
}
