package dev.ctstream.bench;

import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * One load for the generator. It ends by count or by time, whichever comes first.
 *
 * @param eventsPerSecond paced; 0 = as fast as possible
 * @param flows maximum; 0 = as many as the time allows
 * @param seconds maximum length
 * @param zones number of zones; flows are spread round robin over the zones 0 to zones - 1
 * @param udpPercent share of UDP among flows made over ctnetlink; the rest is TCP. Packets are always UDP
 * @param ipv6Percent share of IPv6 among all flows
 * @param seed decides which flows are of which protocol
 */
public record LoadSpec(
        Kind kind,
        long eventsPerSecond,
        long flows,
        double seconds,
        int zones,
        int udpPercent,
        int ipv6Percent,
        long seed) {
    /** How events are generated. */
    public enum Kind {
        /** One UDP datagram per flow, into a full table: each NEW evicts an older flow, which causes a DESTROY. */
        PACKETS,
        /** Entries created and deleted over ctnetlink, many in a message; no packet is sent. */
        CTNETLINK,
        /** No events: the cost of an idle reader. */
        NONE
    }

    /** Zones are u16. */
    static final int MAX_ZONES = 65_536;

    private static final int PERCENT = 100;

    /** Checks the ranges. */
    public LoadSpec {
        check(eventsPerSecond >= 0, "rate", eventsPerSecond);
        check(flows >= 0, "flows", flows);
        check(seconds > 0, "seconds", seconds);
        check(zones >= 1 && zones <= MAX_ZONES, "zones", zones);
        check(udpPercent >= 0 && udpPercent <= PERCENT, "udp", udpPercent);
        check(ipv6Percent >= 0 && ipv6Percent <= PERCENT, "ipv6", ipv6Percent);
        check(
                kind != Kind.PACKETS || zones == 1 || ipv6Percent == 0,
                "ipv6 with packets in zones (their zone is part of the IPv4 address)",
                ipv6Percent);
    }

    private static void check(boolean valid, String what, Object value) {
        if (!valid) {
            throw new IllegalArgumentException(what + ": " + value + " is not possible");
        }
    }

    /** A copy with another length, rate and number of flows. */
    LoadSpec during(double otherSeconds, long otherEventsPerSecond, long otherFlows) {
        return new LoadSpec(kind, otherEventsPerSecond, otherFlows, otherSeconds, zones, udpPercent, ipv6Percent, seed);
    }

    /** A copy with another number of zones and another rate. */
    LoadSpec with(int otherZones, long otherEventsPerSecond) {
        return new LoadSpec(kind, otherEventsPerSecond, flows, seconds, otherZones, udpPercent, ipv6Percent, seed);
    }

    /** The rate for people: a number, {@code max} or {@code idle}. */
    String rate() {
        if (kind == Kind.NONE) {
            return "idle";
        }
        return eventsPerSecond == 0 ? "max" : Long.toString(eventsPerSecond);
    }

    /** Encodes the load as one line for the generator's stdin. */
    String line() {
        return String.format(
                Locale.ROOT,
                "kind=%s rate=%d flows=%d seconds=%.3f zones=%d udp=%d ipv6=%d seed=%d",
                kind,
                eventsPerSecond,
                flows,
                seconds,
                zones,
                udpPercent,
                ipv6Percent,
                seed);
    }

    /** Reads what {@link #line} wrote. */
    static LoadSpec parse(String line) {
        Map<String, String> values = Arrays.stream(line.strip().split(" ", -1))
                .map(pair -> pair.split("=", 2))
                .collect(Collectors.toMap(pair -> pair[0], pair -> pair[1]));
        Function<String, String> value = key -> {
            String text = values.get(key);
            if (text == null) {
                throw new IllegalArgumentException(key + " is missing in: " + line);
            }
            return text;
        };
        return new LoadSpec(
                Kind.valueOf(value.apply("kind")),
                Long.parseLong(value.apply("rate")),
                Long.parseLong(value.apply("flows")),
                Double.parseDouble(value.apply("seconds")),
                Integer.parseInt(value.apply("zones")),
                Integer.parseInt(value.apply("udp")),
                Integer.parseInt(value.apply("ipv6")),
                Long.parseLong(value.apply("seed")));
    }

    /** Whether flow number {@code flow} belongs to this share of all flows; deterministic for a seed. */
    boolean in(int percent, long flow) {
        if (percent == 0 || percent == PERCENT) {
            return percent == PERCENT;
        }
        long mixed = (flow + seed) * 0x9E3779B97F4A7C15L;
        mixed = (mixed ^ (mixed >>> 32)) * 0xD6E8FEB86659FD93L;
        return Long.remainderUnsigned(mixed ^ (mixed >>> 32), PERCENT) < percent;
    }
}
