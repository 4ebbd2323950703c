package dev.ctstream.netlink;

import java.net.InetAddress;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Brings up network interfaces of the calling thread's namespace and adds addresses to them. For the demo and the
 * tests, which start in a namespace where even loopback is down. Bring loopback up before anything uses
 * {@code java.net}: a JVM that finds no address in {@code /proc/net/if_inet6} at that moment has no IPv6 until it
 * exits.
 *
 * <p>Source: {@code rtnetlink(7)}, {@code uapi/linux/if_link.h}, {@code if_addr.h}.
 */
public final class Links {
    private static final int RTM_NEWLINK = 16;
    private static final int RTM_GETLINK = 18;
    private static final int RTM_NEWADDR = 20;
    private static final int IFLA_IFNAME = 3;
    private static final int IFF_UP = 1;
    private static final int IFA_ADDRESS = 1;
    private static final int IFA_LOCAL = 2;
    private static final int IFA_FLAGS = 8;
    /** No duplicate address detection: the address works at once. */
    private static final int IFA_F_NODAD = 2;
    /** {@code struct ifinfomsg}: u8 family, u8 pad, u16 type, s32 index, u32 flags, u32 mask of flags. */
    private static final int IFI_INDEX_OFFSET = 4;

    private Links() {}

    /** Brings an interface up; this gives loopback 127.0.0.1 and ::1. */
    public static void bringUp(String name) throws NetlinkException {
        try (RequestChannel channel = RequestChannel.open(NetlinkSocket.NETLINK_ROUTE)) {
            channel.execute(link(RTM_NEWLINK, name, IFF_UP));
        } catch (NetlinkException e) {
            throw e.during("bring up interface " + name);
        }
    }

    /** Adds an address to an interface; does nothing when it already has that address. */
    public static void addAddress(String link, InetAddress address, int prefixLength) throws NetlinkException {
        try (RequestChannel channel = RequestChannel.open(NetlinkSocket.NETLINK_ROUTE)) {
            byte[] bytes = address.getAddress();
            int family = bytes.length == Integer.BYTES ? Libc.AF_INET : Libc.AF_INET6;
            MessageWriter request = new MessageWriter()
                    .start(RTM_NEWADDR, NlMsgHdr.NLM_F_CREATE | NlMsgHdr.NLM_F_REPLACE, 0)
                    .rawU8(family)
                    .rawU8(prefixLength)
                    .rawU8(0) // flags: see IFA_FLAGS
                    .rawU8(0) // scope: global
                    .rawHost32(index(channel, link))
                    .bytes(IFA_LOCAL, bytes)
                    .bytes(IFA_ADDRESS, bytes);
            if (family == Libc.AF_INET6) {
                request.host32(IFA_FLAGS, IFA_F_NODAD);
            }
            channel.execute(request);
        } catch (NetlinkException e) {
            throw e.during("add " + address.getHostAddress() + "/" + prefixLength + " to interface " + link);
        }
    }

    private static long index(RequestChannel channel, String name) throws NetlinkException {
        AtomicLong index = new AtomicLong();
        channel.query(
                link(RTM_GETLINK, name, 0),
                reply -> index.set(reply.buffer().getInt(reply.payloadOffset() + IFI_INDEX_OFFSET)));
        return index.get();
    }

    private static MessageWriter link(int type, String name, int flags) {
        return new MessageWriter()
                .start(type, 0, 0)
                .rawU8(0) // AF_UNSPEC
                .rawU8(0)
                .rawHost16(0)
                .rawHost32(0) // by name
                .rawHost32(flags)
                .rawHost32(flags)
                .string(IFLA_IFNAME, name);
    }
}
