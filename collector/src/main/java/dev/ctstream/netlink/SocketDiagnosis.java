package dev.ctstream.netlink;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Lists the netlink sockets of one network namespace and their options; needs no privilege.
 *
 * <p>Ownership: owns its request channel. Threads: confined to one thread.
 *
 * <p>Errors: {@link NetlinkException}; ENOENT when the kernel has no {@code netlink_diag}.
 *
 * <p>Source: {@code uapi/linux/netlink_diag.h}, {@code net/netlink/diag.c}. The kernel reports the options since Linux
 * 4.19.
 */
public final class SocketDiagnosis implements AutoCloseable {
    private static final int NETLINK_SOCK_DIAG = 4;
    private static final int SOCK_DIAG_BY_FAMILY = 20;
    private static final int NDIAG_SHOW_FLAGS = 8;
    private static final int NETLINK_DIAG_FLAGS = 4;
    private static final int NDIAG_FLAG_BROADCAST_ERROR = 4;

    // struct netlink_diag_msg: u8 family, type, protocol, state; u32 port id; then u32 peer, group, inode, cookie[2]
    private static final int PORT_ID_OFFSET = NlMsgHdr.HEADER_BYTES + 4;
    private static final int ATTRIBUTES_OFFSET = NlMsgHdr.HEADER_BYTES + 28;

    private final RequestChannel channel;
    private final MessageWriter writer = new MessageWriter();
    private final AttributeCursor attribute = new AttributeCursor();

    /**
     * A socket.
     *
     * @param portId u32
     * @param broadcastError whether {@code NETLINK_BROADCAST_ERROR} is set; null when the kernel does not report it
     */
    public record Socket(long portId, @Nullable Boolean broadcastError) {}

    private SocketDiagnosis(RequestChannel channel) {
        this.channel = channel;
    }

    /** Opens it for a namespace, null = the calling thread's. */
    public static SocketDiagnosis open(@Nullable NetworkNamespace namespace) throws NetlinkException {
        return new SocketDiagnosis(
                namespace == null
                        ? RequestChannel.open(NETLINK_SOCK_DIAG)
                        : RequestChannel.open(namespace, NETLINK_SOCK_DIAG));
    }

    /** The sockets of a netlink protocol. */
    public List<Socket> list(int protocol) throws NetlinkException {
        List<Socket> sockets = new ArrayList<>();
        // struct netlink_diag_req: u8 family, u8 protocol, u16 pad, u32 inode, u32 show, u32 cookie[2]
        writer.clear()
                .start(SOCK_DIAG_BY_FAMILY, 0, 0)
                .rawU8(Libc.AF_NETLINK)
                .rawU8(protocol)
                .rawHost16(0)
                .rawHost32(0)
                .rawHost32(NDIAG_SHOW_FLAGS)
                .rawHost32(0)
                .rawHost32(0);
        channel.dump(writer, message -> {
            if (message.lengthBytes() >= ATTRIBUTES_OFFSET) {
                sockets.add(socket(message));
            }
        });
        return sockets;
    }

    private Socket socket(MessageCursor message) {
        long portId = message.buffer().getInt(message.offset() + PORT_ID_OFFSET) & 0xFFFF_FFFFL;
        Boolean broadcastError = null;
        attribute.wrap(message, ATTRIBUTES_OFFSET);
        while (attribute.next()) {
            if (attribute.number() == NETLINK_DIAG_FLAGS) {
                broadcastError = (attribute.host32() & NDIAG_FLAG_BROADCAST_ERROR) != 0;
            }
        }
        return new Socket(portId, attribute.malformed() ? null : broadcastError);
    }

    @Override
    public void close() {
        channel.close();
    }
}
