package dev.ctstream.it;

import dev.ctstream.conntrack.IpsStatus;
import dev.ctstream.record.DecodedRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The fields of an event that {@code conntrack -E -o id,extended} shows, read from its output or from our events.
 *
 * @param addresses source and destination, original and reply
 * @param numbers ports, or ICMP types, codes and identifiers, if the protocol has them; original, then reply
 * @param counters packets and bytes, original and reply; empty when the event has none
 */
record OracleEvent(
        String type,
        int protocol,
        List<String> addresses,
        List<Long> numbers,
        int zone,
        long id,
        boolean unreplied,
        boolean assured,
        List<Long> counters) {
    private static final Pattern LINE =
            Pattern.compile("\\s*\\[(NEW|UPDATE|DESTROY)]\\s+ipv[46]\\s+\\d+\\s+\\S+\\s+(\\d+)\\s+(.*)");
    private static final Pattern FIELD = Pattern.compile("([a-z-]+)=(\\S+)");
    private static final List<Integer> ICMP = List.of(1, 58);

    /** Parses a line of its output. */
    static OracleEvent ofConntrack(String line) {
        Matcher parts = LINE.matcher(line);
        if (!parts.matches()) {
            throw new AssertionError("conntrack printed: " + line);
        }
        String rest = parts.group(3);
        int protocol = Integer.parseInt(parts.group(2));
        // ICMP identifiers are also called id; the entry's id comes last.
        List<Long> ids = numbers(rest, "id");
        List<Long> zones = numbers(rest, rest.contains("zone-orig=") ? "zone-orig" : "zone");
        return new OracleEvent(
                parts.group(1),
                protocol,
                interleaved(texts(rest, "src"), texts(rest, "dst")),
                ICMP.contains(protocol)
                        ? interleaved(numbers(rest, "type"), numbers(rest, "code"), ids)
                        : interleaved(numbers(rest, "sport"), numbers(rest, "dport")),
                zones.isEmpty() ? 0 : Math.toIntExact(zones.get(0)),
                ids.get(ids.size() - 1),
                rest.contains("[UNREPLIED]"),
                rest.contains("[ASSURED]"),
                interleaved(numbers(rest, "packets"), numbers(rest, "bytes")));
    }

    /** Converts an event from Kafka. */
    static OracleEvent of(DecodedRecord event) {
        long status = event.number("status").orElseThrow();
        int protocol = Math.toIntExact(event.number("protocol").orElseThrow());
        return new OracleEvent(
                event.text("event_type"),
                protocol,
                List.of(
                        event.text("source_address"),
                        event.text("destination_address"),
                        event.text("reply_source_address"),
                        event.text("reply_destination_address")),
                present(
                        event,
                        ICMP.contains(protocol)
                                ? "icmp_type icmp_code icmp_id reply_icmp_type reply_icmp_code reply_icmp_id"
                                : "source_port destination_port reply_source_port reply_destination_port"),
                event.zone(),
                event.number("ct_id").orElseThrow(),
                (status & IpsStatus.IPS_SEEN_REPLY) == 0,
                (status & IpsStatus.IPS_ASSURED) != 0,
                present(event, "packets_original bytes_original packets_reply bytes_reply"));
    }

    /** Whether the reply tuple differs from the inverse of the original. */
    boolean translated() {
        return !addresses.get(0).equals(addresses.get(3)) || !addresses.get(1).equals(addresses.get(2));
    }

    private static List<Long> present(DecodedRecord event, String names) {
        return Stream.of(names.split(" ", -1))
                .map(name -> event.number(name).orElse(null))
                .filter(Objects::nonNull)
                .toList();
    }

    private static List<String> texts(String line, String name) {
        return FIELD.matcher(line)
                .results()
                .filter(field -> field.group(1).equals(name))
                .map(field -> field.group(2))
                .toList();
    }

    private static List<Long> numbers(String line, String name) {
        return texts(line, name).stream().map(Long::valueOf).toList();
    }

    /**
     * Interleaves the lists: the first elements of all, then the second elements, so one direction follows the other.
     */
    @SafeVarargs
    private static <T> List<T> interleaved(List<T>... lists) {
        List<T> all = new ArrayList<>();
        for (int i = 0; i < lists[0].size(); i++) {
            for (List<T> list : lists) {
                all.add(list.get(i));
            }
        }
        return all;
    }
}
