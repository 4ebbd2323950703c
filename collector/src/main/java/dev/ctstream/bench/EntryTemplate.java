package dev.ctstream.bench;

import static dev.ctstream.conntrack.Cta.*;

import dev.ctstream.conntrack.IpsStatus;
import dev.ctstream.conntrack.NfGenMsg;
import dev.ctstream.netlink.MessageWriter;
import dev.ctstream.netlink.NlMsgHdr;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A request that creates or deletes one flow. It is encoded once; for each flow it is copied, and client address,
 * client port and zone are filled in.
 *
 * <p>A DELETE carries a whole tuple: the kernel treats one without a tuple as a flush.
 *
 * <p>Threads: immutable.
 */
final class EntryTemplate {
    private static final int IPPROTO_TCP = 6;
    private static final int IPPROTO_UDP = 17;
    private static final int TCP_SERVICE = 443;
    private static final int UDP_SERVICE = 53;
    private static final int TCP_CONNTRACK_ESTABLISHED = 3;
    private static final int TIMEOUT_SECONDS = 600;
    /** Placeholder for a value; occurs nowhere else in a request. */
    private static final byte[] HOST = {(byte) 0xF1, (byte) 0xE2, (byte) 0xD3, (byte) 0xC4};

    private static final int PORT = 0xBEEF;
    private static final int ZONE = 0xCAFE;
    private static final byte[] SERVER4 = {(byte) 192, 0, 2, 1};

    private final byte[] bytes;
    private final int[] hosts;
    private final int[] ports;
    private final int[] zones;

    private EntryTemplate(byte[] bytes) {
        this.bytes = bytes;
        hosts = places(HOST);
        ports = places(pair(PORT));
        zones = places(pair(ZONE));
    }

    /** A request for flows of this kind; with {@code zoned} it contains their zone. */
    static EntryTemplate of(boolean create, boolean v6, boolean udp, boolean zoned) {
        MessageWriter out = new MessageWriter();
        out.startNetfilter(
                create ? NfGenMsg.IPCTNL_MSG_CT_NEW : NfGenMsg.IPCTNL_MSG_CT_DELETE,
                NlMsgHdr.NLM_F_REQUEST | (create ? NlMsgHdr.NLM_F_CREATE : 0),
                0,
                v6 ? NfGenMsg.AF_INET6 : NfGenMsg.AF_INET,
                NfGenMsg.NFNETLINK_V0,
                0);
        tuple(out, true, v6, udp);
        if (zoned) {
            out.be16(CTA_ZONE, ZONE);
        }
        if (create) {
            tuple(out, false, v6, udp);
            out.be32(CTA_TIMEOUT, TIMEOUT_SECONDS)
                    .be32(CTA_STATUS, IpsStatus.IPS_CONFIRMED | IpsStatus.IPS_SEEN_REPLY | IpsStatus.IPS_ASSURED);
            if (!udp) {
                int info = out.beginNest(CTA_PROTOINFO);
                int tcp = out.beginNest(CTA_PROTOINFO_TCP);
                out.u8(CTA_PROTOINFO_TCP_STATE, TCP_CONNTRACK_ESTABLISHED)
                        .endNest(tcp)
                        .endNest(info);
            }
        }
        ByteBuffer message = out.finish();
        byte[] bytes = new byte[message.remaining()];
        message.get(bytes);
        return new EntryTemplate(bytes);
    }

    private static void tuple(MessageWriter out, boolean original, boolean v6, boolean udp) {
        final int tuple = out.beginNest(original ? CTA_TUPLE_ORIG : CTA_TUPLE_REPLY);
        int ip = out.beginNest(CTA_TUPLE_IP);
        byte[] client = v6 ? documentation(HOST) : HOST;
        byte[] server = v6 ? documentation(SERVER4) : SERVER4;
        out.bytes(v6 ? CTA_IP_V6_SRC : CTA_IP_V4_SRC, original ? client : server);
        out.bytes(v6 ? CTA_IP_V6_DST : CTA_IP_V4_DST, original ? server : client);
        out.endNest(ip);
        int proto = out.beginNest(CTA_TUPLE_PROTO);
        int service = udp ? UDP_SERVICE : TCP_SERVICE;
        out.u8(CTA_PROTO_NUM, udp ? IPPROTO_UDP : IPPROTO_TCP)
                .be16(CTA_PROTO_SRC_PORT, original ? PORT : service)
                .be16(CTA_PROTO_DST_PORT, original ? service : PORT);
        out.endNest(proto).endNest(tuple);
    }

    /** The address 2001:db8:: with these last bytes. */
    private static byte[] documentation(byte... last) {
        byte[] address = Arrays.copyOf(new byte[] {0x20, 0x01, 0x0d, (byte) 0xb8}, 16);
        System.arraycopy(last, 0, address, address.length - last.length, last.length);
        return address;
    }

    private static byte[] pair(int value) {
        return new byte[] {(byte) (value >>> Byte.SIZE), (byte) value};
    }

    private int[] places(byte... value) {
        List<Integer> found = new ArrayList<>();
        for (int i = 0; i <= bytes.length - value.length; i++) {
            if (Arrays.equals(bytes, i, i + value.length, value, 0, value.length)) {
                found.add(i);
            }
        }
        return found.stream().mapToInt(Integer::intValue).toArray();
    }

    /** Length of the request; a multiple of 4. */
    int lengthBytes() {
        return bytes.length;
    }

    /** Writes the request for one flow at the buffer's position. */
    void write(ByteBuffer out, int host, int port, int zone) {
        int start = out.position();
        out.put(bytes);
        for (int place : hosts) {
            out.put(start + place, (byte) (host >>> 24))
                    .put(start + place + 1, (byte) (host >>> 16))
                    .put(start + place + 2, (byte) (host >>> 8))
                    .put(start + place + 3, (byte) host);
        }
        for (int place : ports) {
            out.put(start + place, (byte) (port >>> Byte.SIZE)).put(start + place + 1, (byte) port);
        }
        for (int place : zones) {
            out.put(start + place, (byte) (zone >>> Byte.SIZE)).put(start + place + 1, (byte) zone);
        }
    }
}
