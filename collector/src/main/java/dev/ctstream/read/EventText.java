package dev.ctstream.read;

import dev.ctstream.record.DecodedRecord;
import dev.ctstream.record.PrintableText;
import dev.ctstream.record.ProtocolNames;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.ZoneId;
import java.util.Map;
import java.util.Optional;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericRecord;

/**
 * Writes events for people: time, event, zone, protocol, original and reply tuple, counters, marks.
 *
 * <p>Threads: confined to one thread.
 */
public final class EventText implements EventPrinter {
    private static final Map<String, String> COLOURS =
            Map.of("NEW", "\u001b[32m", "UPDATE", "\u001b[33m", "DESTROY", "\u001b[31m", "EXISTING", "\u001b[36m");
    private static final String PLAIN = "\u001b[0m";

    private final OutputStream out;
    private final boolean colour;
    private final TimeText time;
    private final StringBuilder line = new StringBuilder(256);

    /**
     * Prints to a stream.
     *
     * @param out buffered; its creator closes it
     * @param colour whether the event type is coloured; only for terminals
     * @param zone time zone of the printed times
     */
    public EventText(OutputStream out, boolean colour, ZoneId zone) {
        this.out = out;
        this.colour = colour;
        time = new TimeText(zone);
    }

    @Override
    public void print(DecodedRecord event) throws IOException {
        line.setLength(0);
        if (event.control()) {
            control(event);
        } else {
            flow(event);
        }
        while (line.charAt(line.length() - 1) == ' ') {
            line.setLength(line.length() - 1);
        }
        out.write(line.append('\n').toString().getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public void flush() throws IOException {
        out.flush();
    }

    private void flow(DecodedRecord event) {
        line.append(time.ofMillis(event.number("event_time").orElse(0L)));
        kind(event.text("event_type"));
        zone(event);
        long protocol = event.number("protocol").orElse(0L);
        column(ProtocolNames.of(protocol), 7);
        column(tuple(event, ""), 44);
        line.append("reply ");
        column(tuple(event, "reply_"), 44);
        counters(event);
        marks(event);
    }

    private void kind(String kind) {
        line.append(' ');
        String begin = colour ? COLOURS.getOrDefault(kind, "") : "";
        line.append(begin);
        column(kind, 9);
        line.append(begin.isEmpty() ? "" : PLAIN);
    }

    private void zone(DecodedRecord event) {
        String netns = event.text("netns");
        Optional<Long> original = event.number("original_zone");
        Optional<Long> reply = event.number("reply_zone");
        String zone = original.isEmpty() && reply.isEmpty()
                ? String.valueOf(event.zone())
                : original.map(String::valueOf).orElse("-") + "/"
                        + reply.map(String::valueOf).orElse("-");
        line.append("zone ");
        column(netns.equals("host") ? zone : zone + "@" + netns, 6);
    }

    private String tuple(DecodedRecord event, String direction) {
        String source = event.text(direction + "source_address");
        String destination = event.text(direction + "destination_address");
        Optional<Long> icmp = event.number(direction + "icmp_type");
        if (icmp.isPresent()) {
            return source + " > " + destination + " type " + icmp.get() + " code " + event.text(direction + "icmp_code")
                    + " id " + event.text(direction + "icmp_id");
        }
        return endpoint(source, event.text(direction + "source_port")) + " > "
                + endpoint(destination, event.text(direction + "destination_port"));
    }

    private static String endpoint(String address, String port) {
        if (port.isEmpty()) {
            return address;
        }
        return address.indexOf(':') < 0 ? address + ":" + port : "[" + address + "]:" + port;
    }

    private void counters(DecodedRecord event) {
        if (event.number("packets_original").isPresent()) {
            line.append("packets ").append(unsigned(event, "packets_original"));
            line.append('/').append(unsigned(event, "packets_reply"));
            line.append(" bytes ").append(unsigned(event, "bytes_original"));
            line.append('/').append(unsigned(event, "bytes_reply")).append(' ');
        }
    }

    private static String unsigned(DecodedRecord event, String name) {
        return event.number(name).map(Long::toUnsignedString).orElse("-");
    }

    private void marks(DecodedRecord event) {
        String nat = event.text("nat");
        line.append(Boolean.FALSE.equals(event.value("replied")) ? "[UNREPLIED] " : "");
        line.append(Boolean.TRUE.equals(event.value("assured")) ? "[ASSURED] " : "");
        line.append(nat.equals("source") || nat.equals("both") ? "[SNAT] " : "");
        line.append(nat.equals("destination") || nat.equals("both") ? "[DNAT] " : "");
        event.number("mark")
                .filter(mark -> mark != 0)
                .ifPresent(mark -> line.append("mark ").append(mark).append(' '));
        String origin = event.text("origin");
        String remark = origin.equals("kernel") ? event.text("end_reason") : origin;
        line.append(remark.isEmpty() ? "" : "(" + PrintableText.of(remark) + ")");
    }

    private void control(DecodedRecord event) {
        GenericRecord body = event.body();
        line.append(time.ofMillis(event.number("time").orElse(0L)));
        kind(event.text("kind"));
        for (Schema.Field field : body.getSchema().getFields()) {
            Object value = body.get(field.pos());
            if (value != null && !field.name().equals("kind") && !field.name().equals("time")) {
                line.append(field.name())
                        .append('=')
                        .append(PrintableText.of(value.toString()))
                        .append(' ');
            }
        }
    }

    /** A column; at least one blank separates it from the next, however long the text is. */
    private void column(String text, int width) {
        String shown = PrintableText.of(text);
        line.append(shown).append(" ".repeat(Math.max(1, width - shown.length())));
    }
}
