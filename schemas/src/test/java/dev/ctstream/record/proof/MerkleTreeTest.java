package dev.ctstream.record.proof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The vectors are those of Certificate Transparency's reference tests (RFC 6962). */
class MerkleTreeTest {
    private static final List<String> LEAVES =
            List.of("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f");
    private static final List<String> ROOTS = List.of(
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");

    private static Hash leaf(String hex) {
        return Hash.ofLeaf(Hash.digest(), HexFormat.of().parseHex(hex));
    }

    private static List<Hash> leaves(int count) {
        List<Hash> leaves = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            leaves.add(leaf(String.format("%08x", i)));
        }
        return leaves;
    }

    @Test
    void rootsAreThoseOfRfc6962() {
        CompactRange tree = new CompactRange();
        assertThat(tree.root()).hasToString("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        for (int i = 0; i < LEAVES.size(); i++) {
            tree.append(leaf(LEAVES.get(i)));
            assertThat(tree.root()).hasToString(ROOTS.get(i));
            assertThat(CompactRange.of(i + 1, tree.hashes()).root()).isEqualTo(tree.root());
        }
        assertThatThrownBy(() -> CompactRange.of(7, tree.hashes())).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void everyLeafOfEveryWindowHasAnInclusionProof() throws NoteException {
        List<Hash> leaves = leaves(70);
        for (int size = 1; size <= leaves.size(); size++) {
            for (int start = 0; start < size; start += 1 + size / 9) {
                CompactRange before = new CompactRange();
                before.append(leaves.subList(0, start));
                TreeWindow window = new TreeWindow(before, leaves.subList(start, size));
                Hash root = window.after().root();
                for (int index = start; index < size; index++) {
                    List<Hash> path = window.inclusion(index);
                    assertThat(TreeWindow.rootOf(index, size, leaves.get(index), path))
                            .isEqualTo(root);
                }
            }
        }
    }

    @Test
    void aProofOfAnotherLeafIndexOrLengthLeadsElsewhere() throws NoteException {
        List<Hash> leaves = leaves(40);
        TreeWindow window = new TreeWindow(new CompactRange(), leaves);
        Hash root = window.after().root();
        SplittableRandom random = new SplittableRandom(5);
        for (int i = 0; i < 500; i++) {
            int index = random.nextInt(leaves.size());
            int other = (index + 1 + random.nextInt(leaves.size() - 1)) % leaves.size();
            List<Hash> path = window.inclusion(index);
            assertThat(TreeWindow.rootOf(index, 40, leaves.get(other), path)).isNotEqualTo(root);
            List<Hash> longer = new ArrayList<>(path);
            longer.add(leaves.get(0));
            assertThatThrownBy(() -> TreeWindow.rootOf(index, 40, leaves.get(index), longer))
                    .isInstanceOf(NoteException.class);
            assertThatThrownBy(() -> TreeWindow.rootOf(index, 40, leaves.get(index), path.subList(0, path.size() - 1)))
                    .isInstanceOf(NoteException.class);
        }
        assertThatThrownBy(() -> TreeWindow.rootOf(40, 40, leaves.get(0), List.of()))
                .isInstanceOf(NoteException.class);
    }
}
