package dev.ctstream.batch;

import static dev.ctstream.conntrack.MessageBytes.attribute;
import static dev.ctstream.conntrack.MessageBytes.be16;
import static dev.ctstream.conntrack.MessageBytes.be32;
import static dev.ctstream.conntrack.MessageBytes.be64;
import static dev.ctstream.conntrack.MessageBytes.message;
import static dev.ctstream.conntrack.MessageBytes.nest;
import static dev.ctstream.conntrack.MessageBytes.text;
import static dev.ctstream.conntrack.MessageBytes.u8;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** A message with random attributes, and its expected record. Attribute numbers are the kernel's. */
final class RandomFlow {
    final ExpectedEvent expected = new ExpectedEvent();
    final byte[] message;
    final int zone;

    private final SplittableRandom random;
    private final boolean v6;
    private final List<byte[]> attributes = new ArrayList<>();

    RandomFlow(SplittableRandom random) {
        this.random = random;
        v6 = random.nextBoolean();
        boolean destroy = random.nextBoolean();
        expected.put("event_type", destroy ? "DESTROY" : "NEW").put("origin", "kernel");
        expected.put("received_time_ns", TestBatcher.RECEIVED).put("requester_port_id", 0L);
        expected.put("event_time", TestBatcher.RECEIVED / 1_000_000).put("ip_version", v6 ? 6 : 4);
        int protocol = random.nextInt(256);
        expected.put("protocol", protocol);
        int originalZone = tuple(1, "", protocol, "original_zone");
        tuple(2, "reply_", protocol, "reply_zone");
        zone = originalZone >= 0 ? originalZone : plainZone();
        numbers();
        countersAndTimes();
        protocolInfo();
        rare();
        message = message(destroy ? 0x102 : 0x100, destroy ? 0 : 0x600, v6 ? 10 : 2, attributes.toArray(byte[][]::new));
    }

    private boolean chance() {
        return random.nextBoolean();
    }

    private int plainZone() {
        int plain = random.nextInt(65_536);
        attributes.add(attribute(18, be16(plain)));
        return plain;
    }

    private int tuple(int number, String prefix, int protocol, String zoneField) {
        List<byte[]> parts = new ArrayList<>();
        parts.add(addresses(prefix));
        List<byte[]> proto = new ArrayList<>(List.of(attribute(1, u8(protocol))));
        if (chance()) {
            proto.add(attribute(2, be16(number(prefix + "source_port", 65_536))));
            proto.add(attribute(3, be16(number(prefix + "destination_port", 65_536))));
        }
        if (chance()) {
            int shift = v6 ? 3 : 0; // ICMPv6 has its own attribute numbers
            proto.add(attribute(4 + shift, be16(number(prefix + "icmp_id", 65_536))));
            proto.add(attribute(5 + shift, u8(number(prefix + "icmp_type", 256))));
            proto.add(attribute(6 + shift, u8(number(prefix + "icmp_code", 256))));
        }
        parts.add(nest(2, proto.toArray(byte[][]::new)));
        int directional = -1;
        if (random.nextInt(4) == 0) {
            directional = number(zoneField, 65_536);
            parts.add(attribute(3, be16(directional)));
        }
        attributes.add(nest(number, parts.toArray(byte[][]::new)));
        return directional;
    }

    private byte[] addresses(String prefix) {
        byte[] source = address(prefix + "source_address");
        byte[] destination = address(prefix + "destination_address");
        return nest(1, attribute(v6 ? 3 : 1, source), attribute(v6 ? 4 : 2, destination));
    }

    /** No byte is zero, so no zero run is shortened, and the JDK's text is the text of RFC 5952. */
    private byte[] address(String field) {
        byte[] address = new byte[v6 ? 16 : 4];
        for (int i = 0; i < address.length; i++) {
            address[i] = (byte) (1 + random.nextInt(255));
        }
        try {
            expected.put(field, InetAddress.getByAddress(address).getHostAddress());
        } catch (UnknownHostException e) {
            throw new AssertionError(e);
        }
        return address;
    }

    private int number(String field, int bound) {
        int value = random.nextInt(bound);
        expected.put(field, value);
        return value;
    }

    private long unsigned32(String field) {
        long value = random.nextInt() & 0xFFFF_FFFFL;
        expected.put(field, value);
        return value;
    }

    private byte[] any64(String field) {
        long value = random.nextLong() >> random.nextInt(64);
        expected.put(field, value);
        return be64(value);
    }

    private void numbers() {
        attributes.add(attribute(12, be32(unsigned32("ct_id"))));
        if (chance()) {
            int status = random.nextInt();
            expected.put("status", status);
            attributes.add(attribute(3, be32(status)));
        }
        if (chance()) {
            attributes.add(attribute(7, be32(unsigned32("timeout_seconds"))));
        }
        if (chance()) {
            attributes.add(attribute(8, be32(unsigned32("mark"))));
        }
    }

    private void countersAndTimes() {
        if (chance()) {
            attributes.add(nest(9, attribute(1, any64("packets_original")), attribute(2, any64("bytes_original"))));
            attributes.add(nest(10, attribute(1, any64("packets_reply")), attribute(2, any64("bytes_reply"))));
        }
        if (chance()) {
            long start = time("start_time_ns");
            long stop = time("stop_time_ns");
            expected.put("event_time", stop / 1_000_000);
            attributes.add(nest(20, attribute(1, be64(start)), attribute(2, be64(stop))));
        }
        if (chance()) {
            long time = time("event_time_ns");
            expected.put("event_time", time / 1_000_000);
            attributes.add(attribute(27, be64(time)));
        }
    }

    private long time(String field) {
        long time = random.nextLong(Long.MAX_VALUE);
        expected.put(field, time);
        return time;
    }

    private void protocolInfo() {
        switch (random.nextInt(4)) {
            case 0 -> {
                attributes.add(nest(4, nest(1, attribute(1, u8(number("tcp_state", 10))))));
            }
            case 1 -> {
                expected.nested("sctp", "vtag_original", 0xFFFF_FFFFL).nested("sctp", "vtag_reply", 7L);
                byte[] state = attribute(1, u8(number("sctp_state", 9)));
                attributes.add(nest(4, nest(3, state, attribute(2, be32(-1)), attribute(3, be32(7)))));
            }
            case 2 -> {
                expected.nested("dccp", "state", 3).nested("dccp", "role", 1);
                expected.nested("dccp", "handshake_sequence", 0xFFFF_FFFF_FFFFL);
                byte[] handshake = attribute(3, be64(0xFFFF_FFFF_FFFFL));
                attributes.add(nest(4, nest(2, attribute(1, u8(3)), attribute(2, u8(1)), handshake)));
            }
            default -> {} // none
        }
    }

    private void rare() {
        if (chance()) {
            String helper = "sip-ä" + "x".repeat(random.nextInt(10));
            expected.put("helper", helper);
            attributes.add(nest(5, attribute(1, text(helper))));
        }
        if (chance()) {
            String context = "system_u:object_r:" + "t".repeat(random.nextInt(300));
            expected.put("security_context", context);
            attributes.add(nest(19, attribute(1, text(context))));
        }
        if (chance()) {
            expected.nested("sequence_adjustment", "position_reply", 0xFFFF_FFFFL);
            expected.nested("sequence_adjustment", "offset_before_reply", -5);
            expected.nested("sequence_adjustment", "offset_after_reply", Integer.MAX_VALUE);
            byte[] after = attribute(3, be32(Integer.MAX_VALUE));
            attributes.add(nest(16, attribute(1, be32(-1)), attribute(2, be32(-5)), after));
        }
    }
}
