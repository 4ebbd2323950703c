package dev.ctstream.admin;

import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.conntrack.IpsStatus;
import dev.ctstream.conntrack.ProtocolStates;
import dev.ctstream.conntrack.Tuple;
import dev.ctstream.record.ProtocolNames;
import java.io.OutputStream;

/** Entries for people: zone, protocol, state, original and reply tuple, remaining timeout, and anything unusual. */
final class EntryText extends EntryPrinter {
    private static final int ZONE_WIDTH = 7;
    private static final int PROTOCOL_WIDTH = 8;
    private static final int STATE_WIDTH = 12;
    private static final int TUPLE_WIDTH = 44;

    EntryText(OutputStream out) {
        super(out);
    }

    @Override
    void write(FlowEvent entry, LineBuffer to) {
        to.text("zone ");
        int from = to.length();
        zone(entry, to);
        to.pad(from, ZONE_WIDTH);
        from = to.length();
        to.text(ProtocolNames.of(entry.original().protocol())).pad(from, PROTOCOL_WIDTH);
        from = to.length();
        state(entry, to);
        to.pad(from, STATE_WIDTH);
        from = to.length();
        tuple(entry.original(), to);
        to.pad(from, TUPLE_WIDTH).text("reply ");
        from = to.length();
        tuple(entry.reply(), to);
        to.pad(from, TUPLE_WIDTH);
        if (entry.has(FlowEvent.TIMEOUT)) {
            to.number(entry.timeoutSeconds()).text(" s ");
        }
        counters(entry, to);
        marks(entry, to);
    }

    /** As in {@code ctstream watch}: original and reply zone, separated by a slash, when they differ. */
    private static void zone(FlowEvent entry, LineBuffer to) {
        boolean original = entry.original().has(Tuple.ZONE);
        boolean reply = entry.reply().has(Tuple.ZONE);
        if (original) {
            to.number(entry.originalZone()).text("/-");
        } else if (reply) {
            to.text("-/").number(entry.replyZone());
        } else {
            to.number(entry.zone());
        }
    }

    private static void state(FlowEvent entry, LineBuffer to) {
        if (entry.has(FlowEvent.TCP_STATE)) {
            to.text(ProtocolStates.name(ProtocolStates.TCP, entry.tcpState()));
        } else if (entry.has(FlowEvent.SCTP_STATE)) {
            to.text(ProtocolStates.name(ProtocolStates.SCTP, entry.sctpState()));
        } else if (entry.has(FlowEvent.DCCP_STATE)) {
            to.text(ProtocolStates.name(ProtocolStates.DCCP, entry.dccpState()));
        }
    }

    private static void tuple(Tuple tuple, LineBuffer to) {
        endpoint(tuple, tuple.sourceOffset(), Tuple.SOURCE_PORT, to);
        to.text(" > ");
        endpoint(tuple, tuple.destinationOffset(), Tuple.DESTINATION_PORT, to);
        if (tuple.has(Tuple.ICMP_TYPE)) {
            to.text(" type ").number(tuple.icmpType()).text(" code ").number(tuple.icmpCode());
            to.text(" id ").number(tuple.icmpId());
        }
    }

    private static void endpoint(Tuple tuple, int addressOffset, int portField, LineBuffer to) {
        boolean port = tuple.has(portField);
        boolean brackets = port && tuple.addressLengthBytes() > 4;
        if (brackets) {
            to.raw('[');
        }
        to.address(tuple.buffer(), addressOffset, tuple.addressLengthBytes());
        if (brackets) {
            to.raw(']');
        }
        if (port) {
            to.raw(':').number(portField == Tuple.SOURCE_PORT ? tuple.sourcePort() : tuple.destinationPort());
        }
    }

    private static void counters(FlowEvent entry, LineBuffer to) {
        if (entry.has(FlowEvent.PACKETS_ORIGINAL) && entry.has(FlowEvent.PACKETS_REPLY)) {
            to.text("packets ").unsigned(entry.packetsOriginal()).raw('/').unsigned(entry.packetsReply());
            to.text(" bytes ").unsigned(entry.bytesOriginal()).raw('/').unsigned(entry.bytesReply());
            to.raw(' ');
        }
    }

    private static void marks(FlowEvent entry, LineBuffer to) {
        int status = entry.has(FlowEvent.STATUS) ? entry.status() : IpsStatus.IPS_SEEN_REPLY;
        to.text((status & IpsStatus.IPS_SEEN_REPLY) == 0 ? "[UNREPLIED] " : "");
        to.text((status & IpsStatus.IPS_ASSURED) != 0 ? "[ASSURED] " : "");
        to.text((status & IpsStatus.IPS_SRC_NAT) != 0 ? "[SNAT] " : "");
        to.text((status & IpsStatus.IPS_DST_NAT) != 0 ? "[DNAT] " : "");
        to.text((status & (IpsStatus.IPS_OFFLOAD | IpsStatus.IPS_HW_OFFLOAD)) != 0 ? "[OFFLOAD] " : "");
        if (entry.has(FlowEvent.MARK) && entry.mark() != 0) {
            to.text("mark ").number(entry.mark()).raw(' ');
        }
        if (entry.has(FlowEvent.HELPER)) {
            to.text("helper ").printable(entry.buffer(), entry.helperOffset(), entry.helperLengthBytes());
            to.raw(' ');
        }
        if (entry.has(FlowEvent.ID)) {
            to.text("id ").number(entry.id());
        }
    }
}
