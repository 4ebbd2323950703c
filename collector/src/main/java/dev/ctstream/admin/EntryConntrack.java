package dev.ctstream.admin;

import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.conntrack.IpsStatus;
import dev.ctstream.conntrack.ProtocolStates;
import dev.ctstream.conntrack.Tuple;
import dev.ctstream.record.ProtocolNames;
import java.io.OutputStream;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The format of {@code conntrack -L -o id,extended}.
 *
 * <p>Source: {@code src/conntrack/snprintf_default.c} of libnetfilter_conntrack 1.0.9, compared with the output of
 * {@code conntrack} by EntriesOracleIT.
 */
final class EntryConntrack extends EntryPrinter {
    private static final int NAME_WIDTH = 9;

    EntryConntrack(OutputStream out) {
        super(out);
    }

    @Override
    void write(FlowEvent entry, LineBuffer to) {
        name(to, entry.ipVersion() == 4 ? "ipv4" : "ipv6", entry.family());
        int protocol = entry.original().protocol();
        name(to, protocolName(protocol), protocol);
        if (entry.has(FlowEvent.TIMEOUT)) {
            to.number(entry.timeoutSeconds()).raw(' ');
        }
        state(entry, to);
        tuple(to, entry.original(), "zone-orig=");
        if (entry.has(FlowEvent.PACKETS_ORIGINAL) && entry.has(FlowEvent.BYTES_ORIGINAL)) {
            counters(to, entry.packetsOriginal(), entry.bytesOriginal());
        }
        if (entry.has(FlowEvent.STATUS) && (entry.status() & IpsStatus.IPS_SEEN_REPLY) == 0) {
            to.text("[UNREPLIED] ");
        }
        tuple(to, entry.reply(), "zone-reply=");
        if (entry.has(FlowEvent.PACKETS_REPLY) && entry.has(FlowEvent.BYTES_REPLY)) {
            counters(to, entry.packetsReply(), entry.bytesReply());
        }
        rest(entry, to);
    }

    private static void name(LineBuffer to, String name, int number) {
        int from = to.length();
        to.text(name).pad(from, NAME_WIDTH).number(number).raw(' ');
    }

    /** The library names only these protocols. */
    private static String protocolName(int protocol) {
        return switch (protocol) {
            case Protocols.TCP,
                    Protocols.UDP,
                    Protocols.UDPLITE,
                    Protocols.ICMP,
                    Protocols.ICMPV6,
                    Protocols.SCTP,
                    Protocols.GRE,
                    Protocols.DCCP -> ProtocolNames.of(protocol);
            default -> "unknown";
        };
    }

    private static void state(FlowEvent entry, LineBuffer to) {
        if (entry.has(FlowEvent.TCP_STATE)) {
            state(to, ProtocolStates.TCP, entry.tcpState());
        }
        if (entry.has(FlowEvent.SCTP_STATE)) {
            state(to, ProtocolStates.SCTP, entry.sctpState());
        }
        if (entry.has(FlowEvent.DCCP_STATE)) {
            state(to, ProtocolStates.DCCP, entry.dccpState());
        }
    }

    private static void state(LineBuffer to, List<String> names, int state) {
        to.text(names.get(state < names.size() ? state : 0)).raw(' ');
    }

    private static void tuple(LineBuffer to, Tuple tuple, String zoneWord) {
        int bytes = tuple.addressLengthBytes();
        to.text("src=").addressOfLibc(tuple.buffer(), tuple.sourceOffset(), bytes);
        to.text(" dst=").addressOfLibc(tuple.buffer(), tuple.destinationOffset(), bytes);
        to.raw(' ');
        // As conntrack: it goes by the protocol, and prints 0 for a flow of a kernel without the protocol's tracker.
        int source = tuple.has(Tuple.SOURCE_PORT) ? tuple.sourcePort() : 0;
        int destination = tuple.has(Tuple.DESTINATION_PORT) ? tuple.destinationPort() : 0;
        if (tuple.protocol() == Protocols.GRE) {
            to.text("srckey=0x").hex(source).text(" dstkey=0x");
            to.hex(destination).raw(' ');
        } else if (Protocols.hasPorts(tuple.protocol())) {
            to.text("sport=").number(source).text(" dport=");
            to.number(destination).raw(' ');
        } else if (tuple.has(Tuple.ICMP_TYPE)) {
            to.text("type=").number(tuple.icmpType()).text(" code=").number(tuple.icmpCode());
            to.text(" id=").number(tuple.icmpId()).raw(' ');
        }
        if (tuple.has(Tuple.ZONE)) {
            to.text(zoneWord).number(tuple.zone()).raw(' ');
        }
    }

    private static void counters(LineBuffer to, long packets, long bytes) {
        to.text("packets=").unsigned(packets).text(" bytes=").unsigned(bytes).raw(' ');
    }

    private static void rest(FlowEvent entry, LineBuffer to) {
        int status = entry.has(FlowEvent.STATUS) ? entry.status() : 0;
        if ((status & IpsStatus.IPS_HW_OFFLOAD) != 0) {
            to.text("[HW_OFFLOAD] ");
        } else if ((status & IpsStatus.IPS_OFFLOAD) != 0) {
            to.text("[OFFLOAD] ");
        } else if ((status & IpsStatus.IPS_ASSURED) != 0) {
            to.text("[ASSURED] ");
        }
        if (entry.has(FlowEvent.MARK)) {
            to.text("mark=").number(entry.mark()).raw(' ');
        }
        if (entry.has(FlowEvent.SECURITY_CONTEXT)) {
            to.text("secctx=");
            to.printable(entry.buffer(), entry.securityContextOffset(), entry.securityContextLengthBytes());
            to.raw(' ');
        }
        if (entry.has(FlowEvent.ZONE)) {
            to.text("zone=").number(entry.zone()).raw(' ');
        }
        if (entry.has(FlowEvent.START_TIME)) {
            to.text("delta-time=").number(ageSeconds(entry.startTimeNanos())).raw(' ');
        }
        if (entry.has(FlowEvent.HELPER)) {
            to.text("helper=").printable(entry.buffer(), entry.helperOffset(), entry.helperLengthBytes());
            to.raw(' ');
        }
        if (entry.has(FlowEvent.USE)) {
            to.text("use=").number(entry.use()).raw(' ');
        }
        if (entry.has(FlowEvent.ID)) {
            to.text("id=").number(entry.id()).raw(' ');
        }
    }

    private static long ageSeconds(long startNanos) {
        long now = TimeUnit.MILLISECONDS.toSeconds(System.currentTimeMillis());
        return Math.max(0, now - TimeUnit.NANOSECONDS.toSeconds(startNanos));
    }
}
