// cnn-predict: runs a network on inputs.

#include "predict/predict.h"

#include <limits>

#include "command.h"

namespace cnn {
namespace {

constexpr const char* kExamples =
    "  cnn predict runs/resnet18 cat.jpg holiday/       the likeliest classes of each image\n"
    "  cnn predict runs/lenet5 x.npy                    the likeliest classes of each sample\n"
    "  cnn predict runs/lenet5 t10k-images-idx3-ubyte.gz --top 1 --csv\n"
    "  cnn predict runs/lenet5 ink.png --invert=auto    black on white as white on black\n"
    "  cnn predict runs/lenet5 list.txt - < more.txt    files that name pictures, a path a line\n"
    "  cnn predict runs/autoencoder x.npy --layer code --csv   what a layer gives: codes, "
    "features\n"
    "  cnn predict runs/unet-isbi slices/ --out masks   a mask and an overlay of each image\n"
    "  cnn predict runs/text-classifier \"the cat chases the dog\" lines.txt\n"
    "  cnn predict runs/char-lstm --prompt \"ROMEO:\" --length 400 --temperature 0.8\n"
    "  cnn predict runs/translate \"Ein Mann schläft.\" lines.txt --beam 5   an answer a line\n"
    "  cnn predict runs/vae --samples 64 --out new      pictures drawn from the prior\n"
    "  cnn predict models/lenet5.yaml x.npy --weights w.safetensors --out DIR   outputs as .npy\n"
    "  cnn predict models/efficientnet-lite0.yaml cat.jpg --weights w.pth   PyTorch's weights";

int main(int argc, char** argv) {
  PredictRequest request;
  std::string model;
  std::string invert;
  bool csv = false;
  Command command(
      "predict", kExamples,
      "Runs a network on images (JPEG, PNG; folders stand for those in them), which are normalised "
      "as in training, scaled until they cover the network's input and cut in the middle (but "
      "networks that work pixel by pixel see all of them); on idx files, which are normalised; on "
      ".npy arrays [N,C,H,W], which are taken as they are, or standardised as in training (lists: "
      "[N,T,...], class numbers as whole ones); and on CSV tables, by the columns of training, "
      "whose targets need not be there. A text file or a table names "
      "pictures, "
      "one a line. Networks that read texts take them as arguments, or a line each from files. - "
      "is "
      "standard input: lines, or a picture.");
  command.add("MODEL", model, "a model file, or a run directory (its best weights)")
      .required()
      .type("");
  command
      .add("INPUT", request.inputs,
           "files, folders, texts; KEY=VALUE overrides may stand among them")
      .type("");
  command
      .add("--weights", request.weights,
           "weights (a run has its own): safetensors, or a state dict of PyTorch's")
      .type("FILE");
  command
      .add("--out", request.out,
           "write every named output to DIR/OUTPUT.npy, or masks and pictures as DIR/INPUT_*.png")
      .type("DIR");
  command.reads({"data.scale", "data.mean", "data.std", "data.invert", "data.background",
                 "data.classes", "train.batch_size", "train.workers", "train.seed"});
  command.add_key("--batch-size", "train.batch_size", "N", "samples at a time");
  command.add_number("--top", request.top,
                     "classes to show of each sample (default: 5); of a text that goes on, draw "
                     "among so many of the likeliest symbols (default: all)",
                     1, 1000);
  command.add("--ten-crop", request.ten_crops,
              "average the classes of ten crops of every picture: corners, middle, all mirrored");
  command.add_with_word(
      "--invert", invert, {"auto", "false"},
      "show the network negatives, for black on white where it knows white on black; "
      "--invert=auto: "
      "of a picture much brighter or darker than those of training, if its negative comes nearer");
  command.add("--skip-bad", request.skip_bad,
              "leave out images that cannot be read, and say which");
  Flag layer = command
                   .add("--layer", request.layer,
                        "the numbers of this layer or named output in place of the answers: codes "
                        "of an autoencoder, features")
                   .type("NAME");
  Flag whole =
      command.add("--whole", request.whole,
                  "run a network that works pixel by pixel over whole images of any size (default: "
                  "over overlapping tiles of its own size)");
  command
      .add_number("--overlap", request.overlap,
                  "pixels cut off at each side of a tile (default: the radius of the receptive "
                  "field, at most a quarter of the tile)",
                  0, 1 << 20)
      .excludes(whole);
  whole.excludes(layer);
  Flag samples = command.add_number(
      "--samples", request.prior_samples,
      "draw so many from a generator's prior, in place of inputs; needs --out", 1, 1 << 20);
  std::string prompt;
  Flag begins =
      command.add("--prompt", prompt, "go on with this text, of networks that tell what comes next")
          .type("TEXT");
  begins.excludes(samples);
  begins.excludes(layer);
  command
      .add_number("--length", request.length, "symbols that follow the prompt (default: 400)", 1,
                  int64_t{1} << 30)
      .needs(begins);
  command
      .add_number(
          "--temperature", request.temperature,
          "scores are divided by it: below 1 likelier symbols, above 1 more surprising ones; "
          "0: the likeliest (default: 1)",
          0, 1000)
      .needs(begins);
  Flag seed = command.add_number("--seed", request.seed, "other samples, another text (default: 0)",
                                 0, std::numeric_limits<decltype(request.seed)>::max());
  Flag beam = command.add_number(
      "--beam", request.beams,
      "of networks that answer with a text: keep so many beginnings side by side (default: 1)", 1,
      1000);
  beam.excludes(begins);
  command.add("--partial", request.partial_weights,
              "load what fits of weights of another model, and list the rest");
  command.add("--allow-non-finite", request.allow_non_finite_weights,
              "accept weights that hold NaN or infinity");
  Flag table = command.add("--csv", csv, "print the predictions as CSV");
  table.excludes(command.add_common("print the result as one JSON line"));

  return command.run(argc, argv, [&] {
    command.take_overrides(request.inputs);
    if (begins.is_given()) request.prompt = prompt;
    const bool draws = request.prior_samples > 0 || request.prompt;
    if (seed.is_given() && !draws) {
      fail(Exit::kUsage, "", "--seed is for what is drawn at random: --samples, --prompt");
    }
    if (request.inputs.empty() && !draws) fail(Exit::kUsage, "", "an input is required");
    if (draws && !request.inputs.empty()) {
      fail(Exit::kUsage, "", "{} takes no inputs, found '{}'",
           request.prompt ? "--prompt" : "--samples", request.inputs[0]);
    }
    if (request.prior_samples > 0 && request.out.empty()) {
      fail(Exit::kUsage, "", "--samples needs --out DIR");
    }
    request.weights = Command::weights_for(model, request.weights);
    if (!invert.empty()) {
      request.invert = invert == "auto"   ? Invert::kAuto
                       : invert == "true" ? Invert::kYes
                                          : Invert::kNo;
    }
    request.memory_limit = command.memory_limit();
    const bool streams = request.prompt && !command.json() && !csv;
    if (streams) {
      request.tell = [](std::string_view piece) { print_result(piece); };
    }
    const PredictReport report = predict(command.load(model), request);
    if (streams) {
      print_result("\n");
      return Exit::kOk;
    }
    print_result(command.json() ? report.json() + "\n" : csv ? report.csv() : report.text());
    return Exit::kOk;
  });
}

}  // namespace
}  // namespace cnn

int main(int argc, char** argv) { return cnn::main(argc, argv); }
