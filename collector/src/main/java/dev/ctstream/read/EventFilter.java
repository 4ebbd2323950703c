package dev.ctstream.read;

import dev.ctstream.record.AddressPrefix;
import dev.ctstream.record.DecodedRecord;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Which events are passed on: those that meet all conditions. A control record has no zone, event type and address, so
 * it meets only a condition on the host.
 *
 * @param zone conntrack zone
 * @param host {@code host_id} or {@code host_name}
 * @param events values of {@code event_type}; empty = all
 * @param address of one of the four ends of the flow
 */
public record EventFilter(
        OptionalInt zone, Optional<String> host, Set<String> events, Optional<AddressPrefix> address) {
    /** Passes on everything. */
    public static final EventFilter NONE =
            new EventFilter(OptionalInt.empty(), Optional.empty(), Set.of(), Optional.empty());

    private static final List<String> ADDRESSES =
            List.of("source_address", "destination_address", "reply_source_address", "reply_destination_address");

    /** Copies the set. */
    public EventFilter {
        events = Set.copyOf(events);
    }

    /** Events of one zone. */
    public static EventFilter ofZone(int zone) {
        return new EventFilter(OptionalInt.of(zone), Optional.empty(), Set.of(), Optional.empty());
    }

    /** Whether the record is passed on. */
    boolean matches(DecodedRecord event) {
        return (zone.isEmpty() || event.zone() == zone.getAsInt())
                && (host.isEmpty() || hasHost(event, host.get()))
                && (events.isEmpty() || events.contains(event.text("event_type")))
                && (address.isEmpty() || hasAddress(event, address.get()));
    }

    private static boolean hasHost(DecodedRecord event, String host) {
        return event.text("host_id").equals(host) || event.text("host_name").equals(host);
    }

    private static boolean hasAddress(DecodedRecord event, AddressPrefix prefix) {
        return ADDRESSES.stream().anyMatch(field -> prefix.contains(event.text(field)));
    }
}
