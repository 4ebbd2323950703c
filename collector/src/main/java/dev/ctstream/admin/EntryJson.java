package dev.ctstream.admin;

import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.conntrack.Tuple;
import java.io.OutputStream;

/** Entries as JSON objects: the fields of ConntrackEvent that an entry has, under their Avro names, and {@code use}. */
final class EntryJson extends EntryPrinter {
    private static final String[] ORIGINAL = tupleNames("");
    private static final String[] REPLY = tupleNames("reply_");
    private static final int LABEL_DIGITS = 32;

    private final byte[] head;

    EntryJson(OutputStream out, String netns) {
        super(out);
        LineBuffer begin = new LineBuffer();
        head = begin.text("{\"netns\":").quoted(netns).copy();
    }

    private static String[] tupleNames(String direction) {
        return new String[] {
            member(direction + "source_address"),
            member(direction + "destination_address"),
            member(direction + "source_port"),
            member(direction + "destination_port"),
            member(direction + "icmp_type"),
            member(direction + "icmp_code"),
            member(direction + "icmp_id")
        };
    }

    private static String member(String name) {
        return ",\"" + name + "\":";
    }

    @Override
    void write(FlowEvent entry, LineBuffer to) {
        to.raw(head).text(",\"ct_zone\":").number(entry.zone());
        if (present(to, ",\"original_zone\":", entry.original().has(Tuple.ZONE))) {
            to.number(entry.originalZone());
        }
        if (present(to, ",\"reply_zone\":", entry.reply().has(Tuple.ZONE))) {
            to.number(entry.replyZone());
        }
        to.text(",\"ip_version\":").number(entry.ipVersion());
        to.text(",\"protocol\":").number(entry.original().protocol());
        tuple(to, ORIGINAL, entry.original());
        tuple(to, REPLY, entry.reply());
        values(to, entry);
        counters(to, entry);
        texts(to, entry);
        rare(to, entry);
        to.raw('}');
    }

    /** Writes the name. For an absent value it also writes null and returns false. */
    private static boolean present(LineBuffer to, String name, boolean has) {
        to.text(name);
        if (!has) {
            to.text("null");
        }
        return has;
    }

    private static void tuple(LineBuffer to, String[] names, Tuple tuple) {
        int bytes = tuple.addressLengthBytes();
        to.text(names[0]).raw('"').address(tuple.buffer(), tuple.sourceOffset(), bytes);
        to.raw('"').text(names[1]).raw('"').address(tuple.buffer(), tuple.destinationOffset(), bytes);
        to.raw('"');
        if (present(to, names[2], tuple.has(Tuple.SOURCE_PORT))) {
            to.number(tuple.sourcePort());
        }
        if (present(to, names[3], tuple.has(Tuple.DESTINATION_PORT))) {
            to.number(tuple.destinationPort());
        }
        if (present(to, names[4], tuple.has(Tuple.ICMP_TYPE))) {
            to.number(tuple.icmpType());
        }
        if (present(to, names[5], tuple.has(Tuple.ICMP_CODE))) {
            to.number(tuple.icmpCode());
        }
        if (present(to, names[6], tuple.has(Tuple.ICMP_ID))) {
            to.number(tuple.icmpId());
        }
    }

    private static void values(LineBuffer to, FlowEvent entry) {
        if (present(to, ",\"ct_id\":", entry.has(FlowEvent.ID))) {
            to.number(entry.id());
        }
        if (present(to, ",\"status\":", entry.has(FlowEvent.STATUS))) {
            to.number(entry.status());
        }
        if (present(to, ",\"timeout_seconds\":", entry.has(FlowEvent.TIMEOUT))) {
            to.number(entry.timeoutSeconds());
        }
        if (present(to, ",\"mark\":", entry.has(FlowEvent.MARK))) {
            to.number(entry.mark());
        }
        if (present(to, ",\"use\":", entry.has(FlowEvent.USE))) {
            to.number(entry.use());
        }
        if (present(to, ",\"tcp_state\":", entry.has(FlowEvent.TCP_STATE))) {
            to.number(entry.tcpState());
        }
        if (present(to, ",\"sctp_state\":", entry.has(FlowEvent.SCTP_STATE))) {
            to.number(entry.sctpState());
        }
    }

    private static void counters(LineBuffer to, FlowEvent entry) {
        if (present(to, ",\"packets_original\":", entry.has(FlowEvent.PACKETS_ORIGINAL))) {
            to.unsigned(entry.packetsOriginal());
        }
        if (present(to, ",\"bytes_original\":", entry.has(FlowEvent.BYTES_ORIGINAL))) {
            to.unsigned(entry.bytesOriginal());
        }
        if (present(to, ",\"packets_reply\":", entry.has(FlowEvent.PACKETS_REPLY))) {
            to.unsigned(entry.packetsReply());
        }
        if (present(to, ",\"bytes_reply\":", entry.has(FlowEvent.BYTES_REPLY))) {
            to.unsigned(entry.bytesReply());
        }
        if (present(to, ",\"start_time_ns\":", entry.has(FlowEvent.START_TIME))) {
            to.number(entry.startTimeNanos());
        }
    }

    private static void texts(LineBuffer to, FlowEvent entry) {
        if (present(to, ",\"helper\":", entry.has(FlowEvent.HELPER))) {
            to.quoted(entry.buffer(), entry.helperOffset(), entry.helperLengthBytes());
        }
        if (present(to, ",\"labels\":", entry.has(FlowEvent.LABELS))) {
            labels(to, entry);
        }
        if (present(to, ",\"security_context\":", entry.has(FlowEvent.SECURITY_CONTEXT))) {
            to.quoted(entry.buffer(), entry.securityContextOffset(), entry.securityContextLengthBytes());
        }
    }

    /** Writes the labels as hex, label 127 first. */
    private static void labels(LineBuffer to, FlowEvent entry) {
        int words = entry.labelsLengthBytes() / Integer.BYTES;
        to.raw('"').text("0".repeat(LABEL_DIGITS - 2 * words * Integer.BYTES));
        for (int i = words - 1; i >= 0; i--) {
            to.hex8(entry.buffer().getInt(entry.labelsOffset() + i * Integer.BYTES));
        }
        to.raw('"');
    }

    private static void rare(LineBuffer to, FlowEvent entry) {
        if (present(to, ",\"master\":", entry.has(FlowEvent.MASTER))) {
            Tuple master = entry.master();
            to.text("{\"ip_version\":").number(entry.ipVersion());
            to.text(",\"protocol\":").number(master.protocol());
            tuple(to, ORIGINAL, master);
            if (present(to, ",\"zone\":", master.has(Tuple.ZONE))) {
                to.number(master.zone());
            }
            to.raw('}');
        }
        tcp(to, entry);
        if (present(to, ",\"sctp\":", entry.has(FlowEvent.SCTP_VTAG_ORIGINAL))) {
            to.text("{\"vtag_original\":").number(entry.sctpVtagOriginal());
            if (present(to, ",\"vtag_reply\":", entry.has(FlowEvent.SCTP_VTAG_REPLY))) {
                to.number(entry.sctpVtagReply());
            }
            to.raw('}');
        }
        dccp(to, entry);
        sequenceAdjustment(to, entry);
        if (present(to, ",\"synproxy\":", entry.has(FlowEvent.SYNPROXY))) {
            to.text("{\"isn\":").number(entry.synproxyIsn());
            to.text(",\"its\":").number(entry.synproxyIts());
            to.text(",\"tsoff\":").number(entry.synproxyTsoff()).raw('}');
        }
    }

    private static void tcp(LineBuffer to, FlowEvent entry) {
        if (present(to, ",\"tcp\":", entry.has(FlowEvent.TCP_FLAGS_ORIGINAL))) {
            to.text("{\"flags_original\":").number(entry.tcpFlagsOriginal());
            if (present(to, ",\"flags_reply\":", entry.has(FlowEvent.TCP_FLAGS_REPLY))) {
                to.number(entry.tcpFlagsReply());
            }
            if (present(to, ",\"window_scale_original\":", entry.has(FlowEvent.TCP_WSCALE_ORIGINAL))) {
                to.number(entry.tcpWscaleOriginal());
            }
            if (present(to, ",\"window_scale_reply\":", entry.has(FlowEvent.TCP_WSCALE_REPLY))) {
                to.number(entry.tcpWscaleReply());
            }
            to.raw('}');
        }
    }

    private static void dccp(LineBuffer to, FlowEvent entry) {
        if (present(to, ",\"dccp\":", entry.has(FlowEvent.DCCP_STATE))) {
            to.text("{\"state\":").number(entry.dccpState());
            if (present(to, ",\"role\":", entry.has(FlowEvent.DCCP_ROLE))) {
                to.number(entry.dccpRole());
            }
            if (present(to, ",\"handshake_sequence\":", entry.has(FlowEvent.DCCP_HANDSHAKE_SEQUENCE))) {
                to.number(entry.dccpHandshakeSequence());
            }
            to.raw('}');
        }
    }

    private static void sequenceAdjustment(LineBuffer to, FlowEvent entry) {
        boolean original = entry.has(FlowEvent.SEQ_ADJ_ORIGINAL);
        boolean reply = entry.has(FlowEvent.SEQ_ADJ_REPLY);
        if (!present(to, ",\"sequence_adjustment\":", original || reply)) {
            return;
        }
        to.raw('{').text("\"position_original\":");
        if (present(to, "", original)) {
            to.number(entry.seqAdjOriginalPosition());
            to.text(",\"offset_before_original\":").number(entry.seqAdjOriginalOffsetBefore());
            to.text(",\"offset_after_original\":").number(entry.seqAdjOriginalOffsetAfter());
        }
        if (present(to, ",\"position_reply\":", reply)) {
            to.number(entry.seqAdjReplyPosition());
            to.text(",\"offset_before_reply\":").number(entry.seqAdjReplyOffsetBefore());
            to.text(",\"offset_after_reply\":").number(entry.seqAdjReplyOffsetAfter());
        }
        to.raw('}');
    }
}
