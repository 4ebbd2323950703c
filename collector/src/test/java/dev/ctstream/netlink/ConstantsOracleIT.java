package dev.ctstream.netlink;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The system's headers and C library agree with this package's constants. */
class ConstantsOracleIT {
    private static final List<String> OURS = List.of("_OFFSET", "_BYTES", "_MASK", "_AREA", "_FLAGS", "_MILLIS");

    @TempDir
    Path folder;

    private static Predicate<String> symbols(String prefixes) {
        return name -> name.matches("(" + prefixes + ").*") && OURS.stream().noneMatch(name::endsWith);
    }

    @Test
    void netlinkConstantsMatchTheHeaders() throws Exception {
        new CHeaders("sys/socket.h", "linux/netlink.h")
                .constants(NlMsgHdr.class, symbols("NLM"))
                .constants(NlAttr.class, symbols("NLA_"))
                .constants(NlMsgErr.class, symbols("NLMSGERR_"))
                .constants(NetlinkSocket.class, symbols("NETLINK_|SO_|SOL_"))
                .expression("offsetof(struct nlmsghdr, nlmsg_len)", NlMsgHdr.class, "LENGTH_OFFSET")
                .expression("offsetof(struct nlmsghdr, nlmsg_type)", NlMsgHdr.class, "TYPE_OFFSET")
                .expression("offsetof(struct nlmsghdr, nlmsg_flags)", NlMsgHdr.class, "FLAGS_OFFSET")
                .expression("offsetof(struct nlmsghdr, nlmsg_seq)", NlMsgHdr.class, "SEQUENCE_OFFSET")
                .expression("offsetof(struct nlmsghdr, nlmsg_pid)", NlMsgHdr.class, "PORT_ID_OFFSET")
                .expression("sizeof(struct nlmsghdr)", NlMsgHdr.class, "HEADER_BYTES")
                .expression("NLA_TYPE_MASK & 0xffff", NlAttr.class, "TYPE_MASK")
                .expression("sizeof(struct nlattr)", NlAttr.class, "HEADER_BYTES")
                .expression("sizeof(struct nlmsgerr)", NlMsgErr.class, "HEADER_BYTES")
                .expression("sizeof(struct sockaddr_nl)", NetlinkSocket.class, "SOCKADDR_BYTES")
                .expression("offsetof(struct sockaddr_nl, nl_pid)", NetlinkSocket.class, "SOCKADDR_PORT_ID_OFFSET")
                .expression("offsetof(struct sockaddr_nl, nl_groups)", NetlinkSocket.class, "SOCKADDR_GROUPS_OFFSET")
                .agree(folder, 40);
    }

    @Test
    void systemCallsAndStructuresMatchTheHeaders() throws Exception {
        new CHeaders(
                        "sys/socket.h",
                        "sys/epoll.h",
                        "sys/eventfd.h",
                        "sys/prctl.h",
                        "netinet/in.h",
                        "poll.h",
                        "fcntl.h",
                        "sched.h",
                        "time.h",
                        "linux/capability.h",
                        "linux/rtnetlink.h",
                        "linux/sockios.h",
                        "linux/if.h")
                .constants(Libc.class, symbols("AF_|SOCK_|MSG_|POLL|O_|CLONE_|CLOCK_|PR_|SIOC|EPOLL"))
                .constants(Capabilities.class, symbols("CAP_"))
                .constants(Links.class, symbols("RTM_|IFLA_|IFF_|IFA_"))
                .constants(RawIpSocket.class, symbols("IPPROTO_"))
                .expression("EFD_CLOEXEC | EFD_NONBLOCK", Libc.class, "EFD_FLAGS")
                .expression("sizeof(struct mmsghdr)", DatagramBatch.class, "MMSGHDR_BYTES")
                .expression("offsetof(struct mmsghdr, msg_len)", DatagramBatch.class, "MSG_LEN_OFFSET")
                .expression("offsetof(struct msghdr, msg_iov)", DatagramBatch.class, "MSG_IOV_OFFSET")
                .expression("offsetof(struct msghdr, msg_iovlen)", DatagramBatch.class, "MSG_IOVLEN_OFFSET")
                .expression("offsetof(struct msghdr, msg_flags)", DatagramBatch.class, "MSG_FLAGS_OFFSET")
                .expression("sizeof(struct iovec)", DatagramBatch.class, "IOVEC_BYTES")
                .expression("offsetof(struct iovec, iov_len)", DatagramBatch.class, "IOV_LEN_OFFSET")
                .expression("offsetof(struct msghdr, msg_namelen)", ReplyReceiver.class, "MSG_NAMELEN_OFFSET")
                .expression("offsetof(struct pollfd, events)", ReplyReceiver.class, "POLLFD_EVENTS_OFFSET")
                .expression("sizeof(struct epoll_event)", Epoll.class, "EVENT_BYTES")
                .expression("offsetof(struct epoll_event, data)", Epoll.class, "EVENT_DATA_OFFSET")
                .expression("sizeof(struct sockaddr_in6)", RawIpSocket.class, "SOCKADDR_IN6_BYTES")
                .expression("offsetof(struct ifinfomsg, ifi_index)", Links.class, "IFI_INDEX_OFFSET")
                .agree(folder, 40);
    }

    @Test
    void errorNumbersMatchTheHeaders() throws Exception {
        new CHeaders("errno.h").constants(Errno.class, symbols("E")).agree(folder, 25);
    }

    @Test
    void errorTextsMatchTheLibrary() throws Exception {
        StringBuilder source =
                new StringBuilder("#include <stdio.h>\n#include <string.h>\n#include <errno.h>\nint main(void) {\n");
        StringBuilder expected = new StringBuilder();
        for (int errno = 1; errno < 134; errno++) {
            if (Errno.name(errno).startsWith("E")) {
                source.append("printf(\"%d ").append(Errno.name(errno)).append(" %s\\n\", ");
                source.append(Errno.name(errno))
                        .append(", strerror(")
                        .append(errno)
                        .append("));\n");
                expected.append(errno).append(' ').append(Errno.name(errno));
                expected.append(' ').append(Errno.text(errno)).append('\n');
            }
        }
        Path file = Files.writeString(folder.resolve("texts.c"), source.append("}\n"));
        String binary = folder.resolve("texts").toString();
        CHeaders.run(List.of("cc", "-o", binary, file.toString()));
        assertThat(CHeaders.run(List.of(binary))).isEqualTo(expected.toString());
    }
}
