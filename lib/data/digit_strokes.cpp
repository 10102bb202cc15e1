#include "data/digit_strokes.h"

#include <array>

#include "base/error.h"

namespace cnn {
namespace {

// Per class: its styles; per style: strokes, points in the order of writing.

constexpr PenPoint kZeroOval[] = {{0.58f, 0.02f}, {0.24f, 0.12f}, {0.04f, 0.5f}, {0.18f, 0.87f},
                                  {0.5f, 0.99f},  {0.82f, 0.85f}, {0.96f, 0.5f}, {0.82f, 0.14f},
                                  {0.52f, 0.02f}, {0.36f, 0.07f}};
constexpr Stroke kZeroOvalStrokes[] = {kZeroOval};
constexpr PenPoint kZeroNarrow[] = {{0.72f, 0.1f},  {0.42f, 0.03f}, {0.12f, 0.36f},
                                    {0.12f, 0.72f}, {0.42f, 0.98f}, {0.78f, 0.82f},
                                    {0.9f, 0.42f},  {0.74f, 0.08f}, {0.5f, 0.03f}};
constexpr Stroke kZeroNarrowStrokes[] = {kZeroNarrow};
constexpr PenPoint kZeroOpen[] = {{0.4f, 0.06f},  {0.12f, 0.3f}, {0.08f, 0.7f}, {0.38f, 0.97f},
                                  {0.76f, 0.86f}, {0.95f, 0.5f}, {0.8f, 0.12f}, {0.5f, 0.0f},
                                  {0.3f, 0.1f},   {0.22f, 0.2f}};
constexpr Stroke kZeroOpenStrokes[] = {kZeroOpen};
constexpr DigitStyle kZero[] = {{kZeroOvalStrokes, 5.0f, 0.72f},
                                {kZeroNarrowStrokes, 3.0f, 0.52f},
                                {kZeroOpenStrokes, 2.0f, 0.66f}};

constexpr PenPoint kOneBar[] = {{0.5f, 0.0f}, {0.52f, 0.5f}, {0.5f, 1.0f}};
constexpr Stroke kOneBarStrokes[] = {kOneBar};
constexpr PenPoint kOneFlag[] = {
    {0.05f, 0.3f}, {0.3f, 0.18f}, {0.62f, 0.0f, true}, {0.6f, 0.5f}, {0.6f, 1.0f}};
constexpr Stroke kOneFlagStrokes[] = {kOneFlag};
constexpr PenPoint kOneFootA[] = {
    {0.15f, 0.26f}, {0.52f, 0.0f, true}, {0.52f, 0.5f}, {0.52f, 1.0f}};
constexpr PenPoint kOneFootB[] = {{0.08f, 1.0f}, {0.5f, 0.985f}, {0.95f, 1.0f}};
constexpr Stroke kOneFootStrokes[] = {kOneFootA, kOneFootB};
constexpr DigitStyle kOne[] = {
    {kOneBarStrokes, 6.0f, 0.12f}, {kOneFlagStrokes, 3.0f, 0.34f}, {kOneFootStrokes, 1.6f, 0.5f}};

constexpr PenPoint kTwoPlain[] = {{0.1f, 0.24f},        {0.28f, 0.05f}, {0.58f, 0.0f},
                                  {0.84f, 0.2f},        {0.74f, 0.48f}, {0.42f, 0.76f},
                                  {0.06f, 0.99f, true}, {0.48f, 0.96f}, {0.96f, 0.97f}};
constexpr Stroke kTwoPlainStrokes[] = {kTwoPlain};
constexpr PenPoint kTwoLoop[] = {{0.1f, 0.22f},  {0.4f, 0.0f},   {0.78f, 0.1f},  {0.8f, 0.4f},
                                 {0.52f, 0.72f}, {0.22f, 0.96f}, {0.05f, 0.88f}, {0.18f, 0.74f},
                                 {0.42f, 0.84f}, {0.68f, 0.99f}, {0.98f, 0.86f}};
constexpr Stroke kTwoLoopStrokes[] = {kTwoLoop};
constexpr PenPoint kTwoSwan[] = {
    {0.14f, 0.3f},  {0.24f, 0.08f},       {0.56f, 0.01f}, {0.82f, 0.18f}, {0.72f, 0.46f},
    {0.36f, 0.72f}, {0.08f, 0.94f, true}, {0.34f, 0.84f}, {0.62f, 0.95f}, {0.95f, 0.9f}};
constexpr Stroke kTwoSwanStrokes[] = {kTwoSwan};
constexpr DigitStyle kTwo[] = {
    {kTwoPlainStrokes, 4.0f, 0.7f}, {kTwoLoopStrokes, 4.0f, 0.78f}, {kTwoSwanStrokes, 2.0f, 0.7f}};

constexpr PenPoint kThreeRound[] = {{0.1f, 0.14f},  {0.42f, 0.0f},        {0.8f, 0.14f},
                                    {0.74f, 0.38f}, {0.36f, 0.48f, true}, {0.78f, 0.56f},
                                    {0.92f, 0.78f}, {0.52f, 1.0f},        {0.06f, 0.88f}};
constexpr Stroke kThreeRoundStrokes[] = {kThreeRound};
constexpr PenPoint kThreeFlat[] = {{0.12f, 0.03f}, {0.5f, 0.03f},       {0.86f, 0.02f, true},
                                   {0.64f, 0.22f}, {0.42f, 0.4f, true}, {0.8f, 0.5f},
                                   {0.92f, 0.76f}, {0.55f, 0.99f},      {0.06f, 0.9f}};
constexpr Stroke kThreeFlatStrokes[] = {kThreeFlat};
constexpr PenPoint kThreeKnot[] = {{0.12f, 0.12f}, {0.5f, 0.0f},  {0.82f, 0.16f}, {0.66f, 0.4f},
                                   {0.36f, 0.5f},  {0.3f, 0.44f}, {0.48f, 0.42f}, {0.86f, 0.6f},
                                   {0.84f, 0.88f}, {0.44f, 1.0f}, {0.05f, 0.9f}};
constexpr Stroke kThreeKnotStrokes[] = {kThreeKnot};
constexpr DigitStyle kThree[] = {{kThreeRoundStrokes, 4.0f, 0.62f},
                                 {kThreeFlatStrokes, 1.6f, 0.66f},
                                 {kThreeKnotStrokes, 2.4f, 0.62f}};

constexpr PenPoint kFourOpenA[] = {
    {0.16f, 0.04f}, {0.1f, 0.3f}, {0.12f, 0.52f}, {0.46f, 0.55f}, {0.94f, 0.5f}};
constexpr PenPoint kFourOpenB[] = {{0.82f, 0.02f}, {0.76f, 0.5f}, {0.7f, 1.0f}};
constexpr Stroke kFourOpenStrokes[] = {kFourOpenA, kFourOpenB};
constexpr PenPoint kFourClosedA[] = {
    {0.66f, 0.0f}, {0.36f, 0.3f}, {0.04f, 0.62f, true}, {0.5f, 0.62f}, {0.98f, 0.6f}};
constexpr PenPoint kFourClosedB[] = {{0.68f, 0.0f}, {0.68f, 0.5f}, {0.66f, 1.0f}};
constexpr Stroke kFourClosedStrokes[] = {kFourClosedA, kFourClosedB};
constexpr PenPoint kFourCupA[] = {{0.14f, 0.06f}, {0.08f, 0.36f}, {0.32f, 0.52f}, {0.78f, 0.38f}};
constexpr PenPoint kFourCupB[] = {{0.88f, 0.0f}, {0.82f, 0.4f}, {0.72f, 1.0f}};
constexpr Stroke kFourCupStrokes[] = {kFourCupA, kFourCupB};
constexpr PenPoint kFourOnestroke[] = {{0.2f, 0.02f},  {0.06f, 0.42f},       {0.28f, 0.56f},
                                       {0.72f, 0.44f}, {0.86f, 0.08f, true}, {0.8f, 0.5f},
                                       {0.74f, 1.0f}};
constexpr Stroke kFourOnestrokeStrokes[] = {kFourOnestroke};
constexpr DigitStyle kFour[] = {{kFourOpenStrokes, 4.0f, 0.7f},
                                {kFourClosedStrokes, 2.0f, 0.74f},
                                {kFourCupStrokes, 3.0f, 0.66f},
                                {kFourOnestrokeStrokes, 1.4f, 0.66f}};

constexpr PenPoint kFiveHatA[] = {{0.28f, 0.03f}, {0.24f, 0.24f}, {0.2f, 0.46f, true},
                                  {0.5f, 0.36f},  {0.86f, 0.56f}, {0.82f, 0.85f},
                                  {0.46f, 1.0f},  {0.05f, 0.9f}};
constexpr PenPoint kFiveHatB[] = {{0.26f, 0.03f}, {0.6f, 0.03f}, {0.96f, 0.0f}};
constexpr Stroke kFiveHatStrokes[] = {kFiveHatA, kFiveHatB};
constexpr PenPoint kFiveOnestroke[] = {
    {0.94f, 0.02f}, {0.62f, 0.03f}, {0.28f, 0.05f, true}, {0.24f, 0.26f}, {0.2f, 0.46f, true},
    {0.54f, 0.38f}, {0.88f, 0.6f},  {0.74f, 0.92f},       {0.4f, 1.0f},   {0.06f, 0.92f}};
constexpr Stroke kFiveOnestrokeStrokes[] = {kFiveOnestroke};
constexpr PenPoint kFiveSnake[] = {{0.92f, 0.03f}, {0.56f, 0.04f}, {0.26f, 0.2f}, {0.36f, 0.42f},
                                   {0.72f, 0.58f}, {0.8f, 0.82f},  {0.46f, 1.0f}, {0.06f, 0.92f}};
constexpr Stroke kFiveSnakeStrokes[] = {kFiveSnake};
constexpr DigitStyle kFive[] = {{kFiveHatStrokes, 4.0f, 0.68f},
                                {kFiveOnestrokeStrokes, 3.0f, 0.7f},
                                {kFiveSnakeStrokes, 1.6f, 0.66f}};

constexpr PenPoint kSixSweep[] = {{0.78f, 0.02f}, {0.4f, 0.2f},   {0.12f, 0.58f},
                                  {0.16f, 0.9f},  {0.5f, 1.0f},   {0.86f, 0.82f},
                                  {0.78f, 0.56f}, {0.46f, 0.54f}, {0.14f, 0.78f}};
constexpr Stroke kSixSweepStrokes[] = {kSixSweep};
constexpr PenPoint kSixTall[] = {{0.5f, 0.0f},   {0.24f, 0.36f}, {0.08f, 0.74f}, {0.32f, 0.99f},
                                 {0.76f, 0.92f}, {0.86f, 0.68f}, {0.56f, 0.56f}, {0.16f, 0.74f}};
constexpr Stroke kSixTallStrokes[] = {kSixTall};
constexpr PenPoint kSixCurl[] = {{0.86f, 0.06f}, {0.5f, 0.06f},  {0.1f, 0.44f},
                                 {0.14f, 0.84f}, {0.5f, 1.0f},   {0.88f, 0.84f},
                                 {0.78f, 0.58f}, {0.48f, 0.56f}, {0.34f, 0.74f}};
constexpr Stroke kSixCurlStrokes[] = {kSixCurl};
constexpr DigitStyle kSix[] = {
    {kSixSweepStrokes, 4.0f, 0.66f}, {kSixTallStrokes, 3.0f, 0.5f}, {kSixCurlStrokes, 2.0f, 0.72f}};

constexpr PenPoint kSevenPlain[] = {
    {0.04f, 0.06f}, {0.46f, 0.05f}, {0.92f, 0.02f, true}, {0.64f, 0.46f}, {0.46f, 1.0f}};
constexpr Stroke kSevenPlainStrokes[] = {kSevenPlain};
constexpr PenPoint kSevenBarA[] = {
    {0.06f, 0.06f}, {0.5f, 0.05f}, {0.92f, 0.03f, true}, {0.62f, 0.48f}, {0.44f, 1.0f}};
constexpr PenPoint kSevenBarB[] = {{0.22f, 0.52f}, {0.5f, 0.5f}, {0.84f, 0.46f}};
constexpr Stroke kSevenBarStrokes[] = {kSevenBarA, kSevenBarB};
constexpr PenPoint kSevenSerif[] = {{0.06f, 0.22f},       {0.08f, 0.05f, true}, {0.5f, 0.05f},
                                    {0.94f, 0.03f, true}, {0.66f, 0.42f},       {0.5f, 1.0f}};
constexpr Stroke kSevenSerifStrokes[] = {kSevenSerif};
constexpr PenPoint kSevenWave[] = {{0.02f, 0.14f},       {0.2f, 0.04f}, {0.52f, 0.11f},
                                   {0.95f, 0.04f, true}, {0.7f, 0.4f},  {0.58f, 0.72f},
                                   {0.54f, 1.0f}};
constexpr Stroke kSevenWaveStrokes[] = {kSevenWave};
constexpr DigitStyle kSeven[] = {{kSevenPlainStrokes, 4.0f, 0.66f},
                                 {kSevenBarStrokes, 2.0f, 0.66f},
                                 {kSevenSerifStrokes, 1.6f, 0.68f},
                                 {kSevenWaveStrokes, 2.4f, 0.66f}};

constexpr PenPoint kEightCross[] = {{0.8f, 0.14f}, {0.48f, 0.0f},  {0.14f, 0.16f}, {0.34f, 0.4f},
                                    {0.72f, 0.6f}, {0.86f, 0.84f}, {0.5f, 1.0f},   {0.12f, 0.86f},
                                    {0.26f, 0.6f}, {0.62f, 0.4f},  {0.86f, 0.18f}, {0.7f, 0.05f}};
constexpr Stroke kEightCrossStrokes[] = {kEightCross};
constexpr PenPoint kEightRingsA[] = {{0.52f, 0.0f}, {0.18f, 0.14f}, {0.24f, 0.4f}, {0.52f, 0.47f},
                                     {0.8f, 0.36f}, {0.82f, 0.12f}, {0.5f, 0.0f},  {0.4f, 0.03f}};
constexpr PenPoint kEightRingsB[] = {{0.5f, 0.47f},  {0.14f, 0.62f}, {0.12f, 0.88f}, {0.5f, 1.0f},
                                     {0.88f, 0.88f}, {0.86f, 0.62f}, {0.5f, 0.47f}};
constexpr Stroke kEightRingsStrokes[] = {kEightRingsA, kEightRingsB};
constexpr PenPoint kEightGap[] = {{0.92f, 0.1f},  {0.54f, 0.0f},  {0.16f, 0.14f}, {0.3f, 0.38f},
                                  {0.68f, 0.58f}, {0.82f, 0.82f}, {0.5f, 1.0f},   {0.14f, 0.88f},
                                  {0.22f, 0.64f}, {0.6f, 0.36f},  {0.94f, 0.04f}};
constexpr Stroke kEightGapStrokes[] = {kEightGap};
constexpr DigitStyle kEight[] = {{kEightCrossStrokes, 5.0f, 0.6f},
                                 {kEightRingsStrokes, 1.6f, 0.58f},
                                 {kEightGapStrokes, 2.4f, 0.64f}};

constexpr PenPoint kNineStraight[] = {{0.86f, 0.16f}, {0.52f, 0.0f},  {0.12f, 0.2f},
                                      {0.26f, 0.48f}, {0.64f, 0.42f}, {0.88f, 0.12f, true},
                                      {0.84f, 0.55f}, {0.78f, 1.0f}};
constexpr Stroke kNineStraightStrokes[] = {kNineStraight};
constexpr PenPoint kNineCurved[] = {{0.84f, 0.14f}, {0.5f, 0.0f},   {0.12f, 0.22f},
                                    {0.28f, 0.5f},  {0.66f, 0.42f}, {0.88f, 0.12f, true},
                                    {0.88f, 0.52f}, {0.68f, 0.92f}, {0.22f, 0.94f}};
constexpr Stroke kNineCurvedStrokes[] = {kNineCurved};
constexpr PenPoint kNineLollipop[] = {{0.84f, 0.2f},  {0.6f, 0.02f}, {0.2f, 0.1f},   {0.1f, 0.34f},
                                      {0.46f, 0.46f}, {0.8f, 0.28f}, {0.84f, 0.12f}, {0.8f, 0.42f},
                                      {0.62f, 0.72f}, {0.5f, 1.0f}};
constexpr Stroke kNineLollipopStrokes[] = {kNineLollipop};
constexpr DigitStyle kNine[] = {{kNineStraightStrokes, 4.0f, 0.6f},
                                {kNineCurvedStrokes, 3.0f, 0.6f},
                                {kNineLollipopStrokes, 2.4f, 0.52f}};

}  // namespace

std::span<const DigitStyle> digit_styles(int digit) {
  CNN_ASSERT(digit >= 0 && digit < 10);
  const std::array<std::span<const DigitStyle>, 10> all = {kZero, kOne, kTwo,   kThree, kFour,
                                                           kFive, kSix, kSeven, kEight, kNine};
  return all[static_cast<size_t>(digit)];
}

}  // namespace cnn
